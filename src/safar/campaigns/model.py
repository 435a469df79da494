"""Campaigns, their offers, sends and promises."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from safar.kernel.i18n import N_

# The event of each state that a send ends in.
SEND_ENDED = {"sent": "send.sent", "failed": "send.failed", "skipped": "send.skipped"}
SKIP_TEXTS = {
    "no_consent": N_("did not agree to e-mail"),
    "no_email": N_("no e-mail address known"),
    "template": N_("the text cannot be written for this customer"),
    "dead_address": N_("mail to this address came back undeliverable"),
    "too_many": N_("has had as many campaign e-mails as you send in that time"),
    "merged": N_("known under another profile now"),
    "sold_out": N_("the offer was sold out before"),
    "stopped": N_("the campaign was stopped before"),
    "offer_ended": N_("the offer had ended before"),
}
END_TEXTS = {
    "nothing_to_promise": N_("The scheduled start failed: too few units are free in the warehouse."),
    "nobody_to_reach": N_("The scheduled start failed: nobody in the audience is subscribed."),
    "nothing_to_say": N_("The scheduled start failed: the message has no text."),
    "all_sent": N_("All e-mails have gone out."),
    "sold_out": N_("Sold out: every unit on offer was bought or is being paid for."),
    "stopped": N_("Stopped by staff."),
    "offer_ended": N_("The offer has expired."),
    "not_published": N_("The product of this campaign is not published. Publish it in the catalogue first."),
}


@dataclass(frozen=True, slots=True)
class Audience:
    """To whom: customers of one language or country, or all; at most `limit`, the reachable first."""

    language: str | None = None
    country: str | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignDraft:
    """A campaign to be made; `campaign_id` is the idempotency key. Templates are Liquid, by language."""

    campaign_id: UUID
    name: str
    variant_id: UUID
    units: int
    reply_seconds: int
    subject: Mapping[str, str]
    body: Mapping[str, str]
    audience: Audience = field(default_factory=Audience)
    offer_hours: int = 14 * 24


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign as it stands. Sending ends at `ended_at`, the offer (units kept aside) at `closed_at`.

    `planning` and `winding_up` are set while the worker is not through with all of its sends.
    """

    id: UUID
    name: str
    state: str
    reason: str | None
    variant_id: UUID
    location_id: UUID | None
    units_offered: int
    reply_seconds: int
    offer_hours: int
    audience: dict[str, Any]
    subject: dict[str, str]
    body: dict[str, str]
    pace: dict[str, Any]
    waits_for_answers: bool
    created_at: datetime
    starts_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    paced_at: datetime | None
    offer_ends_at: datetime | None
    closed_at: datetime | None
    planning: dict[str, Any] | None
    winding_up: str | None


@dataclass(frozen=True, slots=True)
class Offer:
    """What is offered: the variant with its product, its price in minor units, its picture's digest."""

    variant_id: UUID
    sku: str
    title: str
    slug: str
    category: str
    price_minor: int
    currency: str
    image: str | None = None


@dataclass(frozen=True, slots=True)
class CampaignStarted:
    """What starting a campaign planned at once: sends, and those skipped by reason; the worker goes on."""

    planned: int
    skipped: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SendTally:
    """How many sends are in a state, for a reason."""

    state: str
    reason: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Reach:
    """How many customers an audience has, and how many of them may be written to."""

    customers: int
    reachable: int


@dataclass(frozen=True, slots=True)
class Results:
    """What came of a campaign so far. `sent`: mails that left and did not come back; `opened`: links.

    `orders`: confirmed and not cancelled since; `revenue_minor`: what these come to, as far as they are in
    the currency of the offer.
    """

    campaign_id: UUID
    currency: str
    sent: int
    opened: int
    undelivered: int
    unsubscribed: int
    orders: int
    revenue_minor: int
    kept: int
    broken: int
    open: int

    @property
    def per_mail_minor(self) -> int | None:
        """The revenue of each mail sent."""
        return round(self.revenue_minor / self.sent) if self.sent else None
