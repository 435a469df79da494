"""Sites, tickets and passes: the words of the waiting room."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from starlette.types import Scope

from safar.gate.tickets.draw import DrawLot

SHOP = "shop"
ACCOUNT_KIND = "visitors"
NOBODY = bytes(8)  # the tag of a ticket or pass that is bound to no browser


class SiteKind(StrEnum):
    """The whole shop, a room before one of its pages, or a site of others."""

    SHOP = "shop"
    PRODUCT = "product"
    EXTERNAL = "external"


class Mode(StrEnum):
    """Held: nobody is let in for now. Draining: those who wait come in, nobody new may wait."""

    OPEN = "open"
    HELD = "held"
    DRAINING = "draining"


@dataclass(frozen=True, slots=True)
class Site:
    """A site behind the gate: `issued` numbers were handed out, those up to `called` may come in.

    From `opens_at` on, those who came before it are given the numbers draw_base + 1 to draw_base + joined in
    the order of the draw; `drawn` of them have theirs already. `units_*` are of a product's room.
    """

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
    kind: SiteKind = SiteKind.SHOP
    title: str = ""
    path: str | None = None
    product_id: UUID | None = None
    url: str | None = None
    cookie_domain: str | None = None
    removed_at: datetime | None = None
    mode: Mode = Mode.OPEN
    ended_reason: str | None = None
    pace_per_minute: int | None = None
    allowance: float = 0.0
    message: dict[str, str] = field(default_factory=dict)
    work: bool = False
    opens_at: datetime | None = None
    opening_id: UUID | None = None
    draw_hash: str | None = None
    draw_base: int = 0
    joined: int = 0
    drawn: int = 0
    drawn_at: datetime | None = None
    adaptive: bool = False
    capacity_least: int = 1
    capacity_most: int = 1_000_000
    adaptive_limit: float = 0.0
    latency_ms: float = 0.0
    latency_long_ms: float = 0.0
    adapted_at: datetime | None = None
    invited_percent: int = 0
    invited_account_id: int | None = None
    units_left: int | None = None
    units_held: int | None = None

    @property
    def waiting(self) -> int:
        return self.issued - self.called

    @property
    def invited_places(self) -> int:
        """Places kept for personal invitations, out of the capacity: rounded down, so that one is left."""
        return self.capacity * self.invited_percent // 100

    @property
    def open_places(self) -> int:
        """Places for everybody else."""
        return self.capacity - self.invited_places

    def before_opening(self, now: datetime) -> bool:
        return self.opens_at is not None and now < self.opens_at

    @property
    def callable(self) -> int:
        """The highest number that somebody may have: those of the draw are handed out bit by bit."""
        if self.drawn_at is not None and self.drawn < self.joined:
            return self.draw_base + self.drawn
        return self.issued


@dataclass(frozen=True, slots=True)
class SiteFigures:
    """How a site stands: what the waiting page, the console and a campaign's pace need to know."""

    site: Site
    inside: int
    on_hand: int
    invited_inside: int = 0
    invited_on_hand: int = 0

    @property
    def free(self) -> int:
        """Places that may be given away; never negative, also while the capacity is being lowered."""
        return max(0, min(self.site.open_places, self.on_hand) - self.inside)


@dataclass(frozen=True, slots=True)
class Ticket:
    """A visitor's number, 0 until the draw gives one. `ahead` is how far it was from being called then.

    `tag` binds it to the browser that it was issued to.
    """

    visit_id: UUID
    number: int
    ahead: int
    issued_at: datetime
    tag: bytes = NOBODY


@dataclass(frozen=True, slots=True)
class Pass:
    """The right to be inside until `expires_at`: the hold `visit_id` on the visitors account."""

    visit_id: UUID
    expires_at: datetime
    tag: bytes = NOBODY


@dataclass(frozen=True, slots=True)
class Invitation:
    """A personal link past the queue, one visit at a time, until `expires_at`."""

    id: UUID
    customer_id: UUID | None
    campaign_id: UUID | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class GoodsRoom:
    """The waiting room before a product; nobody without a place in it orders the product."""

    product_id: UUID
    key: str
    path: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the customer, the campaign that brought them, and the browser (`client_id`).

    `returned`: the browser's cookie came back with this request; without that no place lasts.
    """

    customer_id: UUID
    campaign_id: UUID | None
    client_id: UUID
    returned: bool


CallerOf = Callable[[Scope], Caller]


@dataclass(frozen=True, slots=True)
class WorkLimits:
    """When newcomers do a proof of work, in percent of the places: at how many taken everybody does, and at
    how many taken by one network those of that network do."""

    taken_percent: int
    network_percent: int


WORK_NEVER = WorkLimits(100, 100)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Someone came without a pass or a ticket; `visit_id` is the idempotency key.

    `lot`: their lot in the draw, for one who comes before the opening. `queue` False: come in or nothing,
    no number. `invited`: one of the places for invitations. `network`: where they ask from, None where nobody
    can tell. `work_bits`: of the proof of work that they have done, 0 for none; `limits`: when it is asked
    for.
    """

    site_key: str
    visit_id: UUID
    customer_id: UUID | None
    campaign_id: UUID | None
    expires_at: datetime
    lot: DrawLot | None = None
    queue: bool = True
    invited: bool = False
    network: str | None = None
    work_bits: int = 0
    limits: WorkLimits = WORK_NEVER


@dataclass(frozen=True, slots=True)
class EntryClaim:
    """Someone whose number was called asks to come in."""

    site_key: str
    ticket: Ticket
    customer_id: UUID | None
    campaign_id: UUID | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Renewal:
    """Someone inside asks to stay until `until`, showing a pass that ends at `expires_at`."""

    visit_id: UUID
    expires_at: datetime
    until: datetime


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
class WorkFirst:
    """A place or a number is given for a proof of work of at least `bits` (see work.py)."""

    bits: int


@dataclass(frozen=True, slots=True)
class NotYet:
    """The number is not called, or it is but every place is taken at this moment."""


@dataclass(frozen=True, slots=True)
class Over:
    """This ticket has let its holder in before and that visit has ended: a new visit begins."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The queue has ended, or takes nobody new any more; nobody is let in who does not wait already."""


Entry = Admitted | Queued | WorkFirst | NotYet | Over | Closed
Admission = Admitted | NotYet | Over | Closed
