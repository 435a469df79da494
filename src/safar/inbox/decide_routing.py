"""Which agent gets a conversation, without I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from safar.kernel.i18n import N_

RULES: Mapping[str, str] = {
    "most_free": N_("Whoever has most room"),
    "in_turn": N_("In turn"),
}
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Desk:
    """A team of agents. No `languages`: it takes all; `skills`: what its agents must be able to do."""

    id: UUID
    name: str
    position: int
    lead_id: UUID | None
    rule: str
    sticky: bool
    languages: Sequence[str]
    skills: Sequence[str]
    opening_hours: str = ""
    holidays: str = ""
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An agent who is there, in a team: how many more they can take, and when they were last given one."""

    team_id: UUID
    staff_id: UUID
    free: int
    languages: Sequence[str]
    skills: Sequence[str]
    given_at: datetime | None

    def given(self, now: datetime) -> "Candidate":
        """Return them with one conversation more."""
        return replace(self, free=self.free - 1, given_at=now)


def team_for(teams: Sequence[Desk], language: str) -> Desk | None:
    """Return the first team that takes this language."""
    return next((team for team in teams if not team.languages or language in team.languages), None)


def choose(team: Desk, there: Sequence[Candidate], language: str, last_agent: UUID | None) -> UUID | None:
    """Return who gets a conversation in this language; nobody while all who fit are full.

    An agent who names no languages takes all of them. Of a sticky team, who answered last comes first.
    """
    fit = [
        one
        for one in there
        if one.free > 0
        and (not one.languages or language in one.languages)
        and set(team.skills) <= set(one.skills)
    ]
    if not fit:
        return None
    if team.sticky and any(one.staff_id == last_agent for one in fit):
        return last_agent
    turn = sorted(fit, key=lambda one: (one.given_at or _NEVER, one.staff_id))
    return (turn[0] if team.rule == "in_turn" else max(turn, key=lambda one: one.free)).staff_id
