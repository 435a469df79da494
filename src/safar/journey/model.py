"""Stages of the journey, and what happened at each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from safar.kernel.i18n import N_

STAGES = ("discover", "visit", "ask", "buy", "receive", "stay")
STAGE_NAMES = {
    "discover": N_("Discover"),
    "visit": N_("Visit"),
    "ask": N_("Ask"),
    "buy": N_("Buy"),
    "receive": N_("Receive"),
    "stay": N_("Stay"),
}
STAGE_TEXTS = {
    "discover": N_("received an e-mail"),
    "visit": N_("came to the shop"),
    "ask": N_("asked a question"),
    "buy": N_("put something in the cart"),
    "receive": N_("ordered, not delivered yet"),
    "stay": N_("received the order"),
}

# What makes somebody go who would have gone on: an account that had nothing left for them.
CAUSES = ("units", "visitors", "staff")
CAUSE_TEXTS = {
    "units": N_("sold out"),
    "visitors": N_("the shop was full and they had to wait"),
    "staff": N_("nobody answered their question"),
}


class Journey(NamedTuple):
    """One customer: when they first came to each stage (seconds, infinite if never), and what became of it.

    `ids` are the journal ids of those first events: they order what happened in the same instant.
    `causes` has bit 1 << n set when the account CAUSES[n] failed them.
    """

    at: tuple[float, ...]
    ids: tuple[int, ...]
    last_at: float
    value_minor: int
    causes: int


@dataclass(frozen=True, slots=True)
class Stage:
    """What happened at a stage. arrivals = went_on + inside + dropped; times in seconds, money minor."""

    name: str
    arrivals: int
    went_on: int
    inside: int
    dropped: int
    skipped: int  # went past it, from an earlier stage to a later one
    median_wait_s: float | None
    window_s: float
    time_s: float  # spent in the stage by everybody, until they went on, dropped out, or now
    loss_minor: int = 0
    avoidable_minor: int = 0
    causes: Mapping[str, int] = field(default_factory=dict)

    @property
    def conversion(self) -> float | None:
        """Share that went on, of those of whom it is known."""
        known = self.went_on + self.dropped
        return self.went_on / known if known else None

    @property
    def cause(self) -> str | None:
        """The account that failed most of those who dropped out here."""
        return max(self.causes, key=lambda name: self.causes[name]) if self.causes else None


@dataclass(frozen=True, slots=True)
class Map:
    """The journey of many: its stages in order, and the most costly one (None when nobody was lost)."""

    stages: tuple[Stage, ...]
    customers: int
    orders_minor: int
    bottleneck: Stage | None
    cut: bool = False  # there were more customers than one report reads
