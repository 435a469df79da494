"""How often the bot speaks at one address, without I/O: two machines that answer each other come to an end.

A responder that does not say what it is answers every answer. So at most a few answers leave within ten
minutes and within a day, by mail fewer than on the page, where somebody types; past that, and where a mail
says word for word what one before it said, a person looks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from safar.answers.model import Answer
from safar.channels.model import EMAIL

LATELY = timedelta(minutes=10)
DAY = timedelta(days=1)
_MAIL_MAX = (3, 10)  # within LATELY, within a DAY
_PAGE_MAX = (20, 100)


@dataclass(frozen=True, slots=True)
class Spoken:
    """When the bot spoke at the address of a question, within a day; whether the same text came before it."""

    question_id: UUID
    at: list[datetime]
    repeats: bool


def within_limits(answers: Sequence[Answer], spoken: Sequence[Spoken], now: datetime) -> list[Answer]:
    """Return the answers, those past the limits without their text and for a person because of "loop"."""
    known = {one.question_id: one for one in spoken}
    said: dict[tuple[UUID, str], int] = {}
    kept = []
    for answer in answers:
        place = (answer.question.channel_id, answer.question.address)
        before = known.get(answer.question.id)
        at = before.at if before else []
        lately = sum(now - moment < LATELY for moment in at) + said.get(place, 0)
        by_mail = answer.question.channel_id == EMAIL
        lately_max, day_max = _MAIL_MAX if by_mail else _PAGE_MAX
        loops = lately >= lately_max or len(at) + said.get(place, 0) >= day_max
        loops |= by_mail and before is not None and before.repeats
        if answer.text is not None and loops:
            kept.append(replace(answer, text=None, reason="loop"))
            continue
        said[place] = said.get(place, 0) + (answer.text is not None)
        kept.append(answer)
    return kept
