"""What was written on our side but not by us: in the provider's own app. A person has taken over."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from safar.channels.actions import keep_echoed_many
from safar.channels.kinds.port import MessageNotice, Said, What
from safar.channels.notices import ToldOfMessage, keep_notices
from safar.customers.senders import KnownAs, MessageSender, customers_of_senders
from safar.inbox import decide
from safar.inbox.model import Conversation
from safar.inbox.receive import QUERIES, save
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel.database import Connection, as_json, execute, rows
from safar.kernel.ids import new_id

Echo = tuple[UUID, tuple[KnownAs, ...], Said]  # by which channel, to whom, what


@dataclass(frozen=True, slots=True)
class _OwnMessage:
    channel_id: UUID
    external_id: str
    id: UUID


async def take_echoes(connection: Connection, echoes: Sequence[Echo]) -> None:
    """Take in what the provider repeats of our side: our own messages are known again, by whatever it gives.

    What a person wrote in the provider's app stands in the thread as theirs; the conversation is with people
    from then on, and nobody waits in it any more. Events: message.sent, conversation.handed_over.
    """
    if not echoes:
        return
    asked = [
        {
            "channel_id": channel_id,
            "external_id": said.external_id,
            "our_id": said.our_id,
            "address": said.address,
            "body": said.text,
        }
        for channel_id, _names, said in echoes
    ]
    own = await rows(_OwnMessage, connection, QUERIES["own_messages"], {"echoes": as_json(asked)})
    ours = {(message.channel_id, message.external_id): message.id for message in own}
    await keep_notices(
        connection,
        [
            ToldOfMessage(
                channel_id=channel_id,
                notice=MessageNotice(
                    what=What.SENT,
                    at=said.at,
                    external_id=said.external_id,
                    our_id=ours[channel_id, said.external_id],
                ),
            )
            for channel_id, _names, said in echoes
            if (channel_id, said.external_id) in ours
        ],
    )
    await _taken_over(
        connection, [echo for echo in echoes if (echo[0], echo[2].external_id) not in ours and echo[1]]
    )


async def _taken_over(connection: Connection, echoes: Sequence[Echo]) -> None:
    if not echoes:
        return
    senders = [MessageSender(names=names, language=said.hint or "en") for _id, names, said in echoes]
    customers = await customers_of_senders(connection, senders)
    ids = sorted(set(customers))
    await execute(connection, QUERIES["lock_customers"], {"ids": ids})
    found = await rows(Conversation, connection, QUERIES["lock_conversations_of"], {"ids": ids})
    conversations = {conversation.customer_id: conversation for conversation in found}
    records: list[dict[str, Any]] = []
    for (channel_id, _names, said), customer_id in zip(echoes, customers, strict=True):
        begun = conversations.get(customer_id) or decide.begun_by_us(
            said, channel_id, conversation_id=new_id(), customer_id=customer_id
        )
        conversations[customer_id] = begun
        records.append(
            {
                "id": new_id(),
                "channel_id": channel_id,
                "customer_id": customer_id,
                "conversation_id": begun.id,
                "external_id": said.external_id,
                "address": said.address,
                "body": said.text,
                "language": begun.language,
                "at": said.at,
            }
        )
    written = await keep_echoed_many(connection, records)
    events: list[Event] = []
    for (_id, _names, said), customer_id, record in zip(echoes, customers, records, strict=True):
        if record["id"] in written:
            conversations[customer_id], told = decide.answered_elsewhere(
                conversations[customer_id], said.text, said.at
            )
            events += told
    await save(connection, [conversations[id_] for id_ in ids])
    await append_many(connection, events)
