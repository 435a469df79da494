"""What providers post becomes messages and what is told of them: every element once, none in another's way.

A post is kept as it came and taken in within one transaction: who posts it is told that it was taken when it
is committed, never before. What comes again changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from safar.channels.actions import keep_posts, note_gone_many, note_reachable_many, unread_by
from safar.channels.kinds.port import (
    AccountNews,
    ChannelAccount,
    Happened,
    MessageNotice,
    NotUnderstood,
    OptOut,
    PartKind,
    Person,
    Post,
    Reachability,
    ReadUpTo,
    Renamed,
    Said,
    What,
)
from safar.channels.model import KeptPost
from safar.channels.news import keep_news
from safar.channels.notices import ToldOfMessage, apply_parked, keep_notices
from safar.channels.parts import keep_parts
from safar.channels.registry import KINDS
from safar.customers.actions import consent_many
from safar.customers.model import Consent
from safar.customers.senders import (
    KnownAs,
    MessageSender,
    NewName,
    customers_of_senders,
    owners_of_names,
    rename_many,
)
from safar.inbox.echoes import take_echoes
from safar.inbox.model import Inbound
from safar.inbox.receive import receive_messages_many
from safar.kernel import clock
from safar.kernel.database import Connection
from safar.kernel.i18n import language_of_header
from safar.kernel.ids import derived_id, new_id

_TEXT_MAX = 100_000
_AHEAD_MAX = timedelta(minutes=5)
_REASONS_MAX = 1000
_SIGNS_MAX = 5
# What a message without words is, in any language.
_SIGNS = {
    PartKind.IMAGE: "🖼", PartKind.AUDIO: "🎵", PartKind.VIDEO: "🎬", PartKind.DOCUMENT: "📎",
    PartKind.STICKER: "🖼", PartKind.LOCATION: "📍", PartKind.CONTACT: "👤", PartKind.OTHER: "📎",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPost:
    """A post that was read: to which account it came, and all that it says; `error`: why it says nothing."""

    account: ChannelAccount
    post: Post
    happened: Sequence[Happened] = ()
    error: str | None = None
    language: str = "en"

    @property
    def envelope_id(self) -> UUID:
        """The id that the same bytes to the same account always have."""
        return derived_id("post", self.account.id, sha256(self.post.body).hexdigest())

    @property
    def size_bytes(self) -> int:
        return len(self.post.body)


async def take_in_many(connection: Connection, posts: Sequence[ReadPost]) -> list[int]:
    """Keep posts and take in what they say; return how many messages of each were new.

    A post that came before is not taken in again. Events: those of messages, conversations and customers.
    """
    kept = [
        KeptPost(
            id=post.envelope_id,
            channel_id=post.account.id,
            body=post.post.body,
            content_type=post.post.content_type,
            error=post.error or _not_understood(post.happened),
        )
        for post in posts
    ]
    fresh = await keep_posts(connection, kept)
    taken: dict[UUID, ReadPost] = {}
    for post in posts:
        if post.envelope_id in fresh:
            taken.setdefault(post.envelope_id, post)
    counts = await _take(connection, list(taken.values()))
    by_envelope = dict(zip(taken, counts, strict=True))
    return [by_envelope.pop(post.envelope_id, 0) for post in posts]


async def take_in_again(connection: Connection, posts: Sequence[ReadPost]) -> list[int]:
    """Take in posts that are kept already, read once more; what was taken in before stays as it is."""
    return await _take(connection, posts)


async def _take(connection: Connection, posts: Sequence[ReadPost]) -> list[int]:
    if not posts:
        return []
    now = clock.now()
    said = [
        (number, replace(one, at=_bounded(one.at, now)))
        for number, post in enumerate(posts)
        for one in post.happened
        if isinstance(one, Said)
    ]
    await _before_messages(connection, posts)
    echoes = [(posts[number], one) for number, one in said if one.echo]
    await take_echoes(connection, [(post.account.id, _names(one.people), one) for post, one in echoes])
    counts = await _messages(connection, posts, [(n, one) for n, one in said if not one.echo])
    told = [
        ToldOfMessage(channel_id=post.account.id, notice=replace(one, at=_bounded(one.at, now)))
        for post in posts
        for one in post.happened
        if isinstance(one, MessageNotice)
    ]
    await keep_notices(connection, told)
    await _after_messages(connection, posts)
    return counts


async def _before_messages(connection: Connection, posts: Sequence[ReadPost]) -> None:
    """Take in who is known by which name from now on."""
    renamed = [one for post in posts for one in post.happened if isinstance(one, Renamed)]
    if renamed:
        await rename_many(
            connection, [NewName(_name(change.before), _name(change.after)) for change in renamed]
        )


async def _messages(
    connection: Connection, posts: Sequence[ReadPost], said: Sequence[tuple[int, Said]]
) -> list[int]:
    """Write what customers wrote; return how many messages of each post were new."""
    counts = [0] * len(posts)
    if not said:
        return counts
    senders = [
        MessageSender(names=_names(one.people), language=_language(posts[number], one), name=one.name)
        for number, one in said
    ]
    customers = await customers_of_senders(connection, senders)
    inbound = [
        _inbound(posts[number], one, customer_id)
        for (number, one), customer_id in zip(said, customers, strict=True)
    ]
    receipts = await receive_messages_many(connection, inbound)
    parts = {}
    for (number, one), message, receipt in zip(said, inbound, receipts, strict=True):
        if receipt.new:
            counts[number] += 1
            if one.parts:
                parts[message.channel_id, receipt.message_id] = one.parts
    await keep_parts(connection, parts)
    await apply_parked(
        connection,
        [
            (message.channel_id, message.external_id, receipt.message_id)
            for message, receipt in zip(inbound, receipts, strict=True)
            if receipt.new
        ],
    )
    return counts


async def _after_messages(connection: Connection, posts: Sequence[ReadPost]) -> None:
    """Take in what is told of people and accounts."""
    for post in posts:
        for one in post.happened:
            if isinstance(one, OptOut):
                await _opt_out(connection, post.account, one)
            elif isinstance(one, Reachability) and one.reachable:
                await note_reachable_many(connection, post.account.id, [one.address])
            elif isinstance(one, Reachability):
                await note_gone_many(connection, post.account.id, {one.address: one.reason})
            elif isinstance(one, ReadUpTo):
                await _read_up_to(connection, post.account.id, one)
            elif isinstance(one, AccountNews):
                await keep_news(connection, post.account, one)


async def _opt_out(connection: Connection, account: ChannelAccount, said: OptOut) -> None:
    """Write down that somebody does not want to be written to on this channel (or does again), in their
    words."""
    owners = await owners_of_names(connection, _names(said.people))
    consent = KINDS[account.kind].consent
    await consent_many(
        connection,
        [
            Consent(
                customer_id=customer_id,
                channel=consent,
                given=said.given,
                source=account.kind,
                proof={"words": said.words[:200], "at": said.at.isoformat()},
            )
            for customer_id in sorted(set(owners.values()))
        ],
    )


async def _read_up_to(connection: Connection, channel_id: UUID, read: ReadUpTo) -> None:
    ids = await unread_by(connection, channel_id, read.address, read.at)
    await keep_notices(
        connection,
        [
            ToldOfMessage(
                channel_id=channel_id,
                notice=MessageNotice(what=What.READ, at=read.at, our_id=id_),
            )
            for id_ in ids
        ],
    )


def _inbound(post: ReadPost, said: Said, customer_id: UUID) -> Inbound:
    return Inbound(
        message_id=new_id(),
        channel_id=post.account.id,
        external_id=said.external_id,
        address=said.address,
        text=_clean(said.text)[:_TEXT_MAX],
        language=_language(post, said),
        customer_id=customer_id,
        name=said.name,
        automatic=said.automatic,
        answers=said.answers,
        pressed=said.pressed,
        preview=" ".join(_SIGNS[part.kind] for part in said.parts[:_SIGNS_MAX]),
        envelope_id=post.envelope_id,
        at=said.at,
    )


def _language(post: ReadPost, said: Said) -> str:
    return (language_of_header(said.hint) if said.hint else None) or post.language


def _clean(text: str) -> str:
    """Return words as the database keeps them: no NUL, no half of a character, no control but the end of a
    line."""
    if text.isascii() and text.isprintable():
        return text
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return "".join(c if c in "\n\t" or (ord(c) >= 32 and not 127 <= ord(c) < 160) else " " for c in whole)


def _bounded(at: datetime, now: datetime) -> datetime:
    """Return a provider's time; one that lies ahead is now: no message is read before it was written."""
    return min(at, now) if at - now < _AHEAD_MAX else now


def _name(person: Person) -> KnownAs:
    return KnownAs(person.kind, person.value, person.scope)


def _names(people: Sequence[Person]) -> tuple[KnownAs, ...]:
    return tuple(_name(person) for person in people)


def _not_understood(happened: Sequence[Happened]) -> str | None:
    """Return what of a post could not be read, None when all could."""
    reasons = [one.reason for one in happened if isinstance(one, NotUnderstood)]
    return "; ".join(dict.fromkeys(reasons))[:_REASONS_MAX] if reasons else None
