"""Taking in what customers write: each message once, one conversation a customer, on whatever channel."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from safar.channels.actions import keep_received_many
from safar.customers.actions import AddressClaim, Provisional, claim_addresses_many, ensure_many, finals
from safar.inbox.decide import received
from safar.inbox.language import language_of
from safar.inbox.model import Conversation, Inbound, MessageReceipt
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel.database import Connection, as_json, execute, rows
from safar.kernel.ids import new_id
from safar.kernel.queries import queries_beside

QUERIES = queries_beside(__file__)
Key = tuple[UUID, str]


@dataclass(frozen=True, slots=True)
class _Known:
    id: UUID
    conversation_id: UUID
    channel_id: UUID
    external_id: str
    body: str
    at: datetime


async def receive_messages_many(connection: Connection, inbound: Sequence[Inbound]) -> list[MessageReceipt]:
    """Take messages in, in order; a message that came before changes nothing and gets its first receipt.

    Events: conversation.opened or .reopened, message.received. Locks the customers in the order of their
    ids, so that two first messages at once make one conversation.
    """
    first: dict[Key, Inbound] = {}
    for message in inbound:
        first.setdefault((message.channel_id, message.external_id), _told_apart(message))
    known = await _known(connection, first)
    fresh = [message for key, message in first.items() if key not in known]
    new_ids: set[UUID] = set()
    if fresh:
        new_ids = await _write(connection, fresh)
        known |= await _known(connection, {(m.channel_id, m.external_id): m for m in fresh})
    return _receipts(inbound, known, new_ids)


def _told_apart(message: Inbound) -> Inbound:
    """Return the message in the language that its words are in."""
    return replace(message, language=language_of(message.text, message.language))


async def _known(connection: Connection, keys: Mapping[Key, Inbound]) -> dict[Key, _Known]:
    asked = as_json([{"channel_id": channel, "external_id": external} for channel, external in keys])
    known_messages = await rows(_Known, connection, QUERIES["known_messages"], {"keys": asked})
    return {(message.channel_id, message.external_id): message for message in known_messages}


async def _write(connection: Connection, fresh: Sequence[Inbound]) -> set[UUID]:
    customers = await _customers(connection, fresh)
    ids = sorted(set(customers))
    await execute(connection, QUERIES["lock_customers"], {"ids": ids})
    found = await rows(Conversation, connection, QUERIES["lock_conversations_of"], {"ids": ids})
    conversations = {conversation.customer_id: conversation for conversation in found}
    conversation_ids = {
        customer: conversations[customer].id if customer in conversations else new_id() for customer in ids
    }
    records = [
        _record(message, customer, conversation_ids[customer])
        for message, customer in zip(fresh, customers, strict=True)
    ]
    # A copy that another transaction committed while we waited for the lock is left out here.
    written = await keep_received_many(connection, records)
    events: list[Event] = []
    for message, customer in zip(fresh, customers, strict=True):
        if message.message_id in written:
            conversations[customer], told = received(
                conversations.get(customer),
                message,
                conversation_id=conversation_ids[customer],
                customer_id=customer,
            )
            events += told
    await save(connection, [conversations[customer] for customer in ids if customer in conversations])
    await append_many(connection, events)
    return written


async def save(connection: Connection, conversations: Sequence[Conversation]) -> None:
    """Write conversations that the caller has locked, or makes now."""
    if conversations:
        params = {"conversations": as_json([asdict(conversation) for conversation in conversations])}
        await execute(connection, QUERIES["save_conversations"], params)


async def _customers(connection: Connection, fresh: Sequence[Inbound]) -> list[UUID]:
    """Return in whose thread each message belongs, with a row in any case."""
    claims = [
        AddressClaim(
            customer_id=message.customer_id,
            kind="email",
            value=message.address,
            language=message.language,
            source="mail",
            name=message.name,
        )
        for message in fresh
        if message.claims
    ]
    if claims:
        await claim_addresses_many(connection, claims)
    others = [Provisional(message.customer_id, message.language) for message in fresh if not message.claims]
    await ensure_many(connection, others)
    leads = await finals(connection, [message.customer_id for message in fresh])
    return [leads[message.customer_id] for message in fresh]


def _record(message: Inbound, customer_id: UUID, conversation_id: UUID) -> dict[str, Any]:
    return {
        "id": message.message_id,
        "channel_id": message.channel_id,
        "customer_id": customer_id,
        "conversation_id": conversation_id,
        "campaign_id": message.campaign_id,
        "external_id": message.external_id,
        "address": message.address,
        "subject": message.subject,
        "body": message.text,
        "language": message.language,
        "at": message.at,
        "automatic": message.automatic,
        "verified": message.verified,
        "for_people": message.for_people,
        "folded": message.folded,
        "answers": message.answers,
        "pressed": message.pressed,
        "envelope_id": message.envelope_id,
    }


def _receipts(
    inbound: Sequence[Inbound], known: Mapping[Key, _Known], new_ids: set[UUID]
) -> list[MessageReceipt]:
    receipts: list[MessageReceipt] = []
    told: set[UUID] = set()
    for message in inbound:
        kept = known[message.channel_id, message.external_id]
        new = kept.id in new_ids and kept.id not in told
        told.add(kept.id)
        receipts.append(
            MessageReceipt(kept.conversation_id, kept.id, new, kept.at, kept.body == message.text)
        )
    return receipts
