"""What a room declares, in its `events.py`, of each event it writes; `console/sentences.py` collects it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class EventKind:
    """An event by its name, the sentence that staff read, and its symbol (of icons.svg).

    A sentence has places such as %(quantity)s, filled from the event's properties. `otherwise` returns
    another sentence where the properties make the event say something else, or None.
    """

    name: str
    sentence: str
    icon: str = "activity"
    otherwise: Callable[[Mapping[str, Any]], str | None] | None = None
