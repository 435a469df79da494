"""How much, how often and how long a channel lets us write."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class TextLimit:
    """How long a text may be: `most` of `unit`: characters, utf16 units, bytes of UTF-8, or SMS segments."""

    most: int
    unit: str = "characters"


@dataclass(frozen=True, slots=True)
class SendRate:
    """At most `most` messages in any `seconds`, to all (`scope` account) or to each address (`scope`
    address); or to so many different people outside the window, over all accounts of one scope (`scope`
    people).

    `for_staff`: how many of them only people may use. `setting`: the detail of the account that says another
    number, if any.
    """

    name: str
    most: int
    seconds: float
    scope: str = "account"
    for_staff: int = 0
    setting: str = ""


@dataclass(frozen=True, slots=True)
class AnswerWindow:
    """How long after somebody wrote they may be answered freely: by anybody, and by people only."""

    anybody: timedelta
    people: timedelta | None = None
