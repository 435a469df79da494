"""What a customer may ask of the bot, and what it understood."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Intent(StrEnum):
    """What a message wants; UNKNOWN is for people."""

    IN_STOCK = "in_stock"
    ORDER_STATUS = "order_status"
    OPENING_HOURS = "opening_hours"
    GREETING = "greeting"
    THANKS = "thanks"
    HUMAN = "human"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Mention:
    """A product named in a message; `sure` is the share of its title that was named, 0 to 1."""

    variant_id: UUID
    sure: float


@dataclass(frozen=True, slots=True)
class Understood:
    """What a message asks, how much of it that explains (0 to 1), and why not when it is UNKNOWN.

    `mention`: a product that it names. `ambiguous`: it names several alike. `order_number`: as written.
    """

    intent: Intent
    confidence: float
    reason: str | None = None
    mention: Mention | None = None
    ambiguous: bool = False
    order_number: int | None = None
