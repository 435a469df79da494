"""What providers tell of messages: kept as a set, applied to the message once it is known, in any order."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from safar.channels.actions import EndedMessage, message_event, note_gone_messages
from safar.channels.delivery import standing
from safar.channels.kinds.port import MessageNotice, Verdict, What
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute, rows, values
from safar.kernel.queries import queries_beside

QUERIES = queries_beside(__file__, "messengers.sql")
_REASON_MAX = 300
_PARKED_MAX = timedelta(days=7)
_GONE = (Verdict.GONE, Verdict.OTHER_CHANNEL)
_ARRIVAL = (What.SENT, What.DELIVERED, What.READ, What.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldOfMessage:
    """A notice, and the channel that it came by: an id of another channel is another message."""

    channel_id: UUID
    notice: MessageNotice


@dataclass(frozen=True, slots=True)
class _Noticed(EndedMessage):
    """A message, and one thing that was told of it."""

    direction: str
    state: str
    delivery: str | None
    edited_at: datetime | None
    what: str
    key: str
    told_at: datetime
    told_code: str | None
    verdict: str | None
    text: str


async def keep_notices(connection: Connection, told: Sequence[ToldOfMessage]) -> None:
    """Keep what was told and apply it to the messages that are known; the rest waits for its message.

    Events message.sent and message.failed where a message's state changes. Locks messages by their ids.
    """
    if not told:
        return
    newest: dict[tuple[str, ...], dict[str, Any]] = {}
    for report in sorted(told, key=lambda report: report.notice.at):
        notice = report.notice
        external_id = notice.external_id or f"ours:{notice.our_id}"
        newest[str(report.channel_id), external_id, notice.what, notice.key] = {
            "channel_id": report.channel_id,
            "external_id": external_id,
            "our_id": notice.our_id,
            "what": notice.what,
            "key": notice.key,
            "at": notice.at,
            "code": notice.code,
            "verdict": notice.verdict,
            "text": notice.text,
        }
    records = as_json([newest[key] for key in sorted(newest)])
    params = {"notices": records, "now": clock.now()}
    await _apply(connection, await values(connection, QUERIES["keep_notices"], params))


async def apply_parked(connection: Connection, messages: Sequence[tuple[UUID, str, UUID]]) -> None:
    """Apply what was told of messages (channel, external id, id) before they were there."""
    if messages:
        names = ("channel_id", "external_id", "message_id")
        known = as_json([dict(zip(names, message, strict=True)) for message in messages])
        await _apply(connection, await values(connection, QUERIES["link_parked"], {"messages": known}))


async def apply_overtaken(connection: Connection, *, limit: int) -> int:
    """Apply notices whose message was being written while they came; return how many found theirs."""
    params = {"limit": limit, "since": clock.now() - _PARKED_MAX}
    ids = await values(connection, QUERIES["link_overtaken"], params)
    await _apply(connection, ids)
    return len(ids)


async def _apply(connection: Connection, message_ids: Sequence[UUID]) -> None:
    if not message_ids:
        return
    now = clock.now()
    noticed = await rows(_Noticed, connection, QUERIES["noticed_messages"], {"ids": list(set(message_ids))})
    by_message: dict[UUID, list[_Noticed]] = {}
    for notice in noticed:
        by_message.setdefault(notice.id, []).append(notice)
    changes: list[dict[str, Any]] = []
    events: list[Event] = []
    for notices in by_message.values():
        changes += _content_change(notices)
        arrival, event = _arrival_change(notices, now)
        changes += arrival
        events += event
    await note_gone_messages(
        connection,
        [n.id for n in noticed if n.what == What.FAILED and n.verdict in _GONE and n.delivery is None],
    )
    if changes:
        await execute(connection, QUERIES["apply_notices"], {"changes": as_json(changes), "now": now})
    await append_many(connection, events)


def _arrival_change(notices: Sequence[_Noticed], now: datetime) -> tuple[list[dict[str, Any]], list[Event]]:
    """Return what changes of an outgoing message by what was told of its arrival, and the event."""
    message = notices[0]
    told = {What(notice.what) for notice in notices if notice.what in _ARRIVAL}
    after = standing(message.state, told, message.delivery)
    if message.direction != "out" or (after.state, after.delivery) == (message.state, message.delivery):
        return [], []
    change: dict[str, Any] = {"id": message.id, "state": after.state, "delivery": after.delivery}
    if after.state == message.state:
        return [change], []
    if after.state != "failed":
        return [change], [message_event("message.sent", replace(message, code=None), now)]
    failure = next(notice for notice in notices if notice.what == What.FAILED)
    reason = f"{failure.told_code or ''} {failure.text}".strip()[:_REASON_MAX]
    change |= {"reason": reason, "code": failure.told_code}
    failed = replace(message, code=failure.verdict or failure.told_code)
    return [change], [message_event("message.failed", failed, now)]


def _content_change(notices: Sequence[_Noticed]) -> list[dict[str, Any]]:
    """Return what changes of a message's words: the newest edit, reactions, whether it was taken back."""
    change: dict[str, Any] = {}
    edits = [notice for notice in notices if notice.what == What.EDITED and notice.text]
    if edits and edits[-1].told_at != edits[-1].edited_at:
        change |= {"body": edits[-1].text, "edited_at": edits[-1].told_at}
    reacted = [notice for notice in notices if notice.what == What.REACTED]
    if reacted:
        change["reactions"] = {notice.key: notice.text for notice in reacted if notice.text}
    if deleted := [notice for notice in notices if notice.what == What.DELETED]:
        change["deleted_at"] = deleted[0].told_at
    return [{"id": notices[0].id, **change}] if change else []
