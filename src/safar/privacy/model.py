"""How long the rows of a table are kept, and why."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import LiteralString

from safar.settings import Settings


@dataclass(frozen=True, slots=True)
class ForEver:
    """Kept as long as the shop is, for a reason."""

    why: str


@dataclass(frozen=True, slots=True)
class KeptBy:
    """Another loop of the worker forgets these rows, or they go with the rows that they belong to."""

    what: str


@dataclass(frozen=True, slots=True)
class ForDays:
    """Kept so many days; `over` is the condition, with %(before)s, that tells rows whose time has passed."""

    days: Callable[[Settings], float]
    over: LiteralString


Kept = ForEver | KeptBy | ForDays
