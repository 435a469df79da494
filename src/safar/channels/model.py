"""Channels and messages: what goes out, and how an attempt to send it ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from safar.channels.letters import ShopLetter
from safar.kernel import clock
from safar.kernel.ids import derived_id

WEB = derived_id("channel", "web")
EMAIL = derived_id("channel", "email")
# By channel: its kind, and what the team calls it. Accounts at providers join them when they are read.
KINDS = {WEB: "web", EMAIL: "email"}
NAMES: dict[UUID, str] = {}


def know_channel(channel_id: UUID, kind: str, name: str) -> None:
    """Learn of which kind a channel is, and what the team calls it."""
    KINDS[channel_id] = kind
    NAMES[channel_id] = name


class Author(StrEnum):
    """Who wrote a message. SHOP is the shop's own notice (an order's state, a hand-over), no answer."""

    CUSTOMER = "customer"
    STAFF = "staff"
    BOT = "bot"
    CAMPAIGN = "campaign"
    SHOP = "shop"


@dataclass(slots=True, kw_only=True)  # not frozen: made for every order
class Outgoing:
    """One message to one customer, or (without `customer_id`) to staff; `message_id` is the idempotency key.

    `address` is the e-mail address, or on the web the visitor id. `waiting_since`: when the question came in
    that this answers; `in_reply_to`: the provider's id of the message it answers, for threading there.
    `letter`: an e-mail part by part; `body` says the same as plain text.
    """

    message_id: UUID
    channel_id: UUID
    author: str
    customer_id: UUID | None
    address: str
    body: str
    language: str
    conversation_id: UUID | None = None
    campaign_id: UUID | None = None
    staff_id: UUID | None = None
    subject: str | None = None
    unsubscribe_url: str | None = None
    in_reply_to: str | None = None
    waiting_since: datetime | None = None
    letter: ShopLetter | None = None
    at: datetime = field(default_factory=clock.now)


@dataclass(frozen=True, slots=True)
class Due:
    """A message that this process has taken to send; `tries` counts this attempt. `letter`: as it is kept.

    `template`, `answers`, `last_heard_at` (when its receiver wrote last) and `counted` (a template went to
    them within a day): of messengers only.
    """

    id: UUID
    author: str
    address: str
    subject: str | None
    body: str
    language: str
    unsubscribe_url: str | None
    in_reply_to: str | None
    tries: int
    at: datetime
    customer_id: UUID | None = None
    campaign_id: UUID | None = None
    letter: Mapping[str, Any] | None = None
    template: Mapping[str, Any] | None = None
    answers: str | None = None
    last_heard_at: datetime | None = None
    counted: bool = False


@dataclass(frozen=True, slots=True)
class Withheld:
    """A message that may not leave now: it waits `until` then, or (None) it never leaves, for `reason`."""

    message_id: UUID
    reason: str
    until: datetime | None = None


class End(StrEnum):
    """How an attempt ended: SENT and FAILED for good, AGAIN after a pause."""

    SENT = "sent"
    FAILED = "failed"
    AGAIN = "again"


@dataclass(frozen=True, slots=True)
class SendAttempt:
    """What became of one attempt. `code` goes to the journal, `reason` (it may name an address) to staff.

    `counted` False: the message was not to blame (the server was away), the attempt does not count.
    """

    message_id: UUID
    tries: int
    end: End
    code: str | None = None
    reason: str | None = None
    pause_s: float = 0.0
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Problem:
    """A message that could not be delivered, as staff see it."""

    id: UUID
    author: str
    address: str
    subject: str | None
    reason: str | None
    tries: int
    at: datetime
    ended_at: datetime | None
    conversation_id: UUID | None


@dataclass(frozen=True, slots=True)
class Envelope:
    """Something that came in and could not be read as a message, or not all of it.

    `may_reread`: a provider posted it, and it can be read again.
    """

    id: UUID
    received_at: datetime
    error: str | None
    bytes: int
    channel: str = ""
    may_reread: bool = False


@dataclass(frozen=True, slots=True)
class Trouble:
    """A channel that cannot send at the moment."""

    kind: str
    name: str
    trouble: str
    trouble_since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPost:
    """What a provider posted, as it came; `error`: what of it could not be read."""

    id: UUID
    channel_id: UUID
    body: bytes
    content_type: str
    error: str | None
