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
    `kind`: the words of goods of which there are `titles`, none of them named alone.
    """

    intent: Intent
    confidence: float
    reason: str | None = None
    mention: Mention | None = None
    ambiguous: bool = False
    order_number: int | None = None
    kind: str | None = None
    titles: int = 0


@dataclass(frozen=True, slots=True)
class Question:
    """A message to the bot, and where it came from, which is where the answer goes.

    `trusted` False: anybody can have written it. `address`: the browser on the web, else the mailbox.
    """

    id: UUID
    conversation_id: UUID
    customer_id: UUID
    channel_id: UUID
    address: str
    body: str
    language: str
    campaign_id: UUID | None
    trusted: bool = True
    verified: bool = True
    subject: str | None = None

    @property
    def distrust(self) -> str:
        """Why a person has to look first."""
        return "unknown_address" if self.verified else "not_verified"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bot will do: say `text`, or, without one, hand over because of `reason`."""

    question: Question
    intent: Intent
    text: str | None = None
    reason: str | None = None
