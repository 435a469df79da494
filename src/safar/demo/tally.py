"""What the virtual customers saw with their own eyes, to be held against the books."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """Each set holds what a customer was told had happened; `unsure` what they never got an answer for."""

    letters: set[str] = field(default_factory=set)
    arrived: set[str] = field(default_factory=set)
    queued: set[str] = field(default_factory=set)
    admitted: set[str] = field(default_factory=set)
    questions: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)
    carts: set[str] = field(default_factory=set)
    orders: set[str] = field(default_factory=set)  # addresses of the pages of orders that were confirmed
    sold_out: set[str] = field(default_factory=set)
    unsure: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    inside: int = 0
    waiting: int = 0

    def be_unsure(self, what: str) -> None:
        """Note an act whose answer never came: the books may have it or not."""
        self.unsure[what] = self.unsure.get(what, 0) + 1


# Which figure of the report each set must agree with.
_COMPARED = {
    "sends": "letters", "visits": "arrived", "queued": "queued", "admitted": "admitted",
    "questions": "questions", "carts": "carts", "orders": "orders",
}  # fmt: skip


def differences(tally: Tally, figures: Mapping[str, object]) -> list[str]:
    """Return where the books and the customers disagree: each line is an error.

    What a customer was told must stand in the books; the books may have as much more as customers were
    left unsure of.
    """
    found = [f"a customer met an error: {error}" for error in tally.errors[:20]]
    for figure, name in _COMPARED.items():
        told = len(getattr(tally, name))
        booked = figures[figure]
        if not isinstance(booked, int) or not told <= booked <= told + tally.unsure.get(name, 0):
            found.append(f"{figure}: the books say {booked}, the customers {told}")
    return found
