"""The port of the channels: what a channel reads out of what a provider posts, and how it sends.

A channel translates and decides nothing about rows: what comes in becomes a list of what happened
(`Happened`), what goes out is one `OutboundMessage` and ends as a `SendResult`. Neither knows the database.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelAccount:
    """One account at a provider (a number, a bot, a page) as managers have set it up.

    `key`: the last part of the address that the provider posts to. `scope`: within what the provider's ids of
    people are the same (a portfolio, a page; "" for the world). `public_url`: where the shop is reached from
    outside.
    """

    id: UUID
    kind: str
    name: str
    key: str = ""
    scope: str = ""
    details: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    active: bool = True
    public_url: str = ""

    def value(self, name: str) -> str:
        """Return what was set up under a name, among the secrets or beside them; empty when nothing was."""
        return self.secrets.get(name) or self.details.get(name, "")

    @property
    def webhook_url(self) -> str:
        """The address to give to the provider."""
        return f"{self.public_url.rstrip('/')}/channels/{self.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What was posted to an account's address. `headers` in lower case; `url` as the outside world wrote
    it."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    url: str = ""

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")


@dataclass(frozen=True, slots=True)
class PostAnswer:
    """What a provider gets back; most take an empty 200, and some execute what is not empty."""

    body: bytes = b""
    content_type: str = "text/plain"
    status: int = 200


class NotAuthentic(Exception):
    """What was posted does not carry the provider's proof."""


class Unreadable(Exception):
    """What was posted is not what the provider documents; it is kept as it came, with this reason."""


@dataclass(frozen=True, slots=True)
class Person:
    """One name by which the provider knows somebody; (kind, scope, value) is the key, exactly as given.

    `kind`: email, phone, whatsapp, telegram, instagram, messenger, http.
    """

    kind: str
    value: str
    scope: str = ""


class PartKind(StrEnum):
    """What a part of a message is."""

    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    DOCUMENT = "document"
    STICKER = "sticker"
    LOCATION = "location"
    CONTACT = "contact"
    OTHER = "other"
    PAGE = "page"  # the HTML of a mail, shown when asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePart:
    """Something in a message besides its text. `source`: by what the provider gives its bytes; "" for none.

    `data`: what needs no bytes (a place, a contact card). `content`: bytes that came with the message.
    """

    kind: PartKind
    source: str = ""
    mime: str = ""
    name: str = ""
    size: int | None = None
    sha256: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    content: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Somebody wrote. `external_id` is the provider's, unique within the account.

    `people`: all by which the provider knows the writer, the one to look up first first. `address`: where an
    answer goes. `echo`: written on our side, in the provider's own app, to `address`. `hint`: the language
    that the provider reports of the writer. `answers`: the external id of the message it replies to.
    `pressed`: the value behind a button that was pressed. `automatic`: a machine wrote it.
    """

    external_id: str
    people: tuple[Person, ...]
    address: str
    text: str
    at: datetime
    name: str | None = None
    parts: tuple[MessagePart, ...] = ()
    answers: str | None = None
    pressed: str | None = None
    hint: str | None = None
    echo: bool = False
    our_id: UUID | None = None
    automatic: bool = False
    data: Mapping[str, Any] = field(default_factory=dict)


class What(StrEnum):
    """What a provider tells of a message afterwards: a set, in any order (`channels.delivery.standing`)."""

    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    EDITED = "edited"
    DELETED = "deleted"
    REACTED = "reacted"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageNotice:
    """Something about a message that was, or will yet be, heard of.

    `external_id` or `our_id` (what we put into it) names it. `verdict`: for FAILED, what the channel makes of
    the code. `key` tells several of one kind apart (reactions: by whom); `text`: new words, the reaction (""
    takes it away) or the reason. `people`: who reads, reacts or is not reached.
    """

    what: What
    at: datetime
    external_id: str = ""
    our_id: UUID | None = None
    code: str | None = None
    text: str = ""
    key: str = ""
    verdict: "Verdict | None" = None
    people: tuple[Person, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadUpTo:
    """Everything that we sent to `address` until then was read."""

    address: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OptOut:
    """Somebody does not want to be written to any more (or again: `given`), in these words."""

    people: tuple[Person, ...]
    at: datetime
    words: str
    given: bool = False


@dataclass(frozen=True, slots=True)
class Renamed:
    """The provider knows somebody by a new name from now on."""

    before: Person
    after: Person
    at: datetime


@dataclass(frozen=True, slots=True)
class Reachability:
    """Somebody cannot be reached any more on this account (blocked it, left), or can again."""

    people: tuple[Person, ...]
    address: str
    reachable: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AccountNews:
    """Something about the account itself: a template's state, a quality rating, a ban. `bad`: the owner is
    told."""

    what: str
    detail: str
    bad: bool = False
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """One element of a post that could not be read; the others count all the same."""

    reason: str
    raw: str = ""


Happened = Said | MessageNotice | ReadUpTo | OptOut | Renamed | Reachability | AccountNews | NotUnderstood


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A message that the provider has approved: its name, its language exactly as approved, its variables."""

    name: str
    language: str
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """An answer that is offered, a button where the channel has them. `id`: comes back as `Said.pressed`."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class File:
    """An attachment that is sent."""

    name: str
    mime: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundMessage:
    """One message to one address. `id` goes along wherever the provider gives it back.

    `human`: a person wrote it (some providers let people answer longer than machines). `answers`: the
    provider's id of the message it replies to. `last_heard_at`: when the receiver wrote last, by the
    provider's clock.
    """

    id: UUID
    address: str
    text: str
    language: str
    human: bool = False
    answers: str | None = None
    template: Template | None = None
    files: tuple[File, ...] = ()
    choices: tuple[Choice, ...] = ()
    last_heard_at: datetime | None = None


class Verdict(StrEnum):
    """What a provider's answer to a message means for it, and for what else.

    SENT: taken. AGAIN: refused before it was taken, may be sent again after a pause. UNKNOWN: nobody can tell
    whether it was taken; never sent again by itself. All others: not sent, and sending it again is of no use:
    REFUSED (this message), WINDOW (only a template or another channel), OTHER_CHANNEL (this person is not to
    be reached here), OPTED_OUT (they do not want it), GONE (the address does not exist), SIGN_IN (the
    account's token is dead), ACCOUNT (the owner has to do something), SLOWER (the account sends too much),
    TEMPLATE (its template is not what we think), OUR_FAULT (a request that we should not have made).
    """

    SENT = "sent"
    AGAIN = "again"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    WINDOW = "window"
    OTHER_CHANNEL = "other_channel"
    OPTED_OUT = "opted_out"
    GONE = "gone"
    SIGN_IN = "sign_in"
    ACCOUNT = "account"
    SLOWER = "slower"
    TEMPLATE = "template"
    OUR_FAULT = "our_fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendResult:
    """How one attempt ended. `external_ids`: what the provider calls it, several when it was split.

    `code` is the provider's, `reason` its words; `pause_s`: for AGAIN and SLOWER, how long to wait at least,
    for everybody on the account or (`pair`) for this address only. `moved_to`: the address has changed.
    """

    verdict: Verdict
    external_ids: tuple[str, ...] = ()
    code: str | None = None
    reason: str | None = None
    pause_s: float = 0.0
    pair: bool = False
    moved_to: str | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes of a part; `mime` as the provider says, to be checked by sniffing."""

    content: bytes
    mime: str = ""
    name: str = ""


class CannotFetch(Exception):
    """The bytes of a part are not to be had; `again`: they may be later."""

    def __init__(self, reason: str, *, again: bool = False) -> None:
        super().__init__(reason)
        self.again = again


@dataclass(frozen=True, slots=True)
class AccountHealth:
    """What the provider says of the account. `problem` None: all is well. `sign_in`: its token is dead."""

    problem: str | None = None
    sign_in: bool = False
    subscribed: bool | None = None
    detail: str = ""


class ChannelSender(Protocol):
    """What asks a provider for something, with the account's credentials; every call ends within its
    time-out."""

    async def send(self, letter: OutboundMessage) -> SendResult:
        """Hand one message over. Never raises for what the provider answers or fails to answer."""

    async def fetch(self, part: MessagePart, *, bytes_max: int) -> Fetched:
        """Return the bytes of a part that came in. Raises CannotFetch. The token goes to no foreign host."""

    async def health(self) -> AccountHealth:
        """Ask the provider how the account stands, changing nothing."""

    async def close(self) -> None:
        """Let go of connections."""


class PostReader(Protocol):
    """What reads a provider's posts. Pure: no clock but what the post says, no network, no rows."""

    def handshake(self, account: ChannelAccount, query: Mapping[str, str]) -> str | None:
        """Return what a provider that asks whether the address is ours gets back; None when it is not for
        us."""

    def check(self, account: ChannelAccount, post: Post) -> None:
        """Raise NotAuthentic unless the raw body carries the provider's proof."""

    def read(self, account: ChannelAccount, post: Post, now: datetime) -> Sequence[Happened]:
        """Return all that a post says, in its order. Raises Unreadable when nothing of it can be read."""
