"""Sites, tickets and passes: the words of the waiting room."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

SHOP = "shop"
ACCOUNT_KIND = "visitors"


@dataclass(frozen=True, slots=True)
class Site:
    """A site behind the gate: `issued` numbers were handed out, those up to `called` may come in."""

    id: UUID
    key: str
    account_id: int
    capacity: int
    issued: int
    called: int
    admitted: int
    admitted_at_step: int
    show_up: float
    admitted_per_s: float
    observed_s: float
    open_s: float
    ended_at: datetime | None
    stepped_at: datetime

    @property
    def waiting(self) -> int:
        return self.issued - self.called


@dataclass(frozen=True, slots=True)
class Figures:
    """How a site stands: what the waiting page, the console and a campaign's pace need to know."""

    site: Site
    inside: int
    on_hand: int

    @property
    def free(self) -> int:
        """Places that may be given away; never negative, also while the capacity is being lowered."""
        return max(0, min(self.site.capacity, self.on_hand) - self.inside)


@dataclass(frozen=True, slots=True)
class Ticket:
    """A visitor's number. `ahead` is how far it was from being called when it was issued."""

    visit_id: UUID
    number: int
    ahead: int
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class Pass:
    """The right to be inside until `expires_at`: the hold `visit_id` on the visitors account."""

    visit_id: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Arrival:
    """Someone came without a pass or a ticket; `visit_id` is the idempotency key."""

    site_key: str
    visit_id: UUID
    customer_id: UUID | None
    campaign_id: UUID | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """Someone whose number was called asks to come in."""

    site_key: str
    ticket: Ticket
    customer_id: UUID | None
    campaign_id: UUID | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Admitted:
    """Inside, with a place kept until `expires_at`."""

    visit_id: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Queued:
    """Waiting, with this ticket."""

    ticket: Ticket


@dataclass(frozen=True, slots=True)
class NotYet:
    """The number is not called, or it is but every place is taken at this moment."""


@dataclass(frozen=True, slots=True)
class Over:
    """This ticket has let its holder in before and that visit has ended: a new visit begins."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The queue has ended; nobody is let in any more."""


Entry = Admitted | Queued | Over | Closed
Admission = Admitted | NotYet | Over | Closed
