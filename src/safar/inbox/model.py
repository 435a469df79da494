"""Conversations: one running thread with each customer, whatever channels it uses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from safar.kernel import clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """One message from a customer. (`channel_id`, `external_id`) names it however often it is delivered.

    `customer_id`: in whose thread it belongs, with a row or without. `automatic`: a machine wrote it, nobody
    waits for an answer. `verified` False: nothing shows that it came from where it says; anybody can write a
    From header. `own` False: somebody else, who answers in this customer's thread. `claims`: the address is
    kept as one that the customer says is theirs. `answers`: the provider's id of what it replies to;
    `pressed`: the value behind a button. `preview`: what a list shows of one without words.
    """

    message_id: UUID
    channel_id: UUID
    external_id: str
    address: str
    text: str
    language: str
    customer_id: UUID
    name: str | None = None
    subject: str | None = None
    campaign_id: UUID | None = None
    automatic: bool = False
    verified: bool = True
    own: bool = True
    claims: bool = False
    for_people: bool = False
    folded: str = ""
    answers: str | None = None
    pressed: str | None = None
    preview: str = ""
    envelope_id: UUID | None = None
    at: datetime = field(default_factory=clock.now)

    @property
    def trusted(self) -> bool:
        """Whether it is answered without a person having looked."""
        return self.verified and self.own

    @property
    def size_bytes(self) -> int:
        return len(self.text)


@dataclass(frozen=True, slots=True)
class MessageReceipt:
    """Where a message went. `new` False: it had come before; `same_text` tells whether with these words."""

    conversation_id: UUID
    message_id: UUID
    new: bool
    at: datetime
    same_text: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A conversation as it stands."""

    id: UUID
    customer_id: UUID
    state: str
    with_staff: bool
    handover_reason: str | None
    assigned_to: UUID | None
    campaign_id: UUID | None
    language: str
    last_channel_id: UUID
    last_address: str
    last_text: str
    last_author: str
    last_message_at: datetime
    waiting_since: datetime | None
    created_at: datetime
    closed_at: datetime | None
    priority: str = "normal"
    snoozed: bool = False
    snoozed_until: datetime | None = None
    spam: bool = False
    hold_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Something we say in a conversation; `message_id` is the idempotency key.

    It goes to `address` on `channel_id`, one of the addresses from which somebody wrote in it, or else to the
    customer's own address on that channel. Without a channel it answers the newest message, if that came from
    an address of the customer's own. `seen_at`: the newest message that the
    writer had before their eyes; when a colleague has replied since, the reply is held back.
    """

    conversation_id: UUID
    text: str
    author: str
    message_id: UUID
    staff_id: UUID | None = None
    channel_id: UUID | None = None
    address: str | None = None
    seen_at: datetime | None = None
    language: str | None = None


class ReplyOutcome(StrEnum):
    """What became of a reply."""

    SENT = "sent"
    REPEATED = "repeated"  # this message id was used before: nothing is sent twice
    WITH_STAFF = "with_staff"  # the bot does not talk over a person
    OVERTAKEN = "overtaken"  # a colleague has replied meanwhile
    NO_ADDRESS = "no_address"  # the customer has no address on that channel
    WINDOW = "window"  # they have not written there for too long: only a template may be sent
    CHOOSE = "choose"  # somebody else wrote last: who is to get this has to be said
    NO_CONVERSATION = "no_conversation"


@dataclass(frozen=True, slots=True)
class HandOver:
    """Give a conversation to people; `reason` is a key of inbox.words.REASONS."""

    conversation_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class ReplyAddress:
    """An address that has written in a conversation, and what an answer there refers to.

    `own`: the customer's, by proof or, while nothing is proven, by their word; else somebody else's. `at`
    None: they have not written from it yet.
    """

    conversation_id: UUID
    channel_id: UUID
    address: str
    subject: str | None
    external_id: str | None
    own: bool = True
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ThreadMessage:
    """A message as a thread shows it."""

    id: UUID
    channel_id: UUID
    author: str
    staff_name: str | None
    address: str
    subject: str | None
    body: str
    language: str
    state: str
    reason: str | None
    external_id: str | None
    automatic: bool
    verified: bool
    own: bool
    folded: str
    envelope_id: UUID | None
    at: datetime
    delivery: str | None = None
    reactions: Mapping[str, str] = field(default_factory=dict)
    edited_at: datetime | None = None
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ListedConversation:
    """A line of the inbox."""

    id: UUID
    customer_id: UUID
    customer_name: str | None
    email: str | None
    state: str
    with_staff: bool
    handover_reason: str | None
    assigned_to: UUID | None
    assigned_name: str | None
    language: str
    last_channel_id: UUID
    last_text: str
    last_author: str
    last_message_at: datetime
    waiting_since: datetime | None
    priority: str
    snoozed: bool
    snoozed_until: datetime | None
    labels: Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class InboxLabel:
    """A word of the shop's own for conversations; `tone` is its colour."""

    id: UUID
    name: str
    tone: str


@dataclass(frozen=True, slots=True)
class Colleague:
    """A member of the staff who can take a conversation."""

    id: UUID
    name: str
