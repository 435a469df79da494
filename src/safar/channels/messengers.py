"""The dispatcher of the messengers: takes what is due on each account, sends it, writes down how it ended.

No provider has idempotency keys. So a send has three ends: sent, failed, or *unknown*, when nobody can tell
whether it was taken; that is settled by what the provider tells later, or by a person, and never sent again
by itself. A message that was being sent when a process died is unknown, too.
"""

import asyncio
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from uuid import UUID

from safar.channels.accounts import accounts_of_channels, note_health, pause_account, resting_accounts
from safar.channels.attempts import SendEnd, abandon_many, end_sends_many, put_back, take_due_messages
from safar.channels.kinds.kind import ChannelKind
from safar.channels.kinds.port import (
    AccountHealth,
    ChannelAccount,
    OutboundMessage,
    SendResult,
    Template,
    Verdict,
)
from safar.channels.letting import Ask, let_go
from safar.channels.model import Author, Due
from safar.channels.rates import draw_on_rates, draw_on_strangers
from safar.channels.registry import KINDS
from safar.channels.senders import Senders
from safar.channels.traffic import Traffic
from safar.channels.windows import is_open
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Connection
from safar.kernel.log import log
from safar.kernel.setbacks import work_off

PLACES = 24  # messages of one account that are under way at a time
SEND_S_MAX = 30.0
_LEASE_S = 2 * SEND_S_MAX
_WAIT_S = 0.2
_GOODBYE_S = 5.0
_STRANGERS_PAUSE_S = 600.0
_NO_ANSWER = SendResult(verdict=Verdict.UNKNOWN, code="timeout", reason="the provider did not answer in time")


class Messengers:
    """Sends for one process; several may run, each message is taken by one."""

    def __init__(
        self, context: Context, senders: Senders, asks: Mapping[str, Ask] = MappingProxyType({})
    ) -> None:
        """`asks`: by author, who is asked before a message leaves whether it still may."""
        self._context = context
        self._database = context.database
        self._asks = asks
        self._senders = senders
        self._running: dict[asyncio.Task[None], UUID] = {}
        self._unwritten: list[SendEnd] = []
        self._traffic = Traffic(context)

    async def step(self) -> bool:
        """Start what may leave, write down what has ended; return whether something is under way."""
        try:
            await self._write_down()
            for account in await accounts_of_channels(self._context):
                await self._start(account)
            if not self._running:
                return False
            await asyncio.wait(self._running, timeout=_WAIT_S, return_when=asyncio.FIRST_COMPLETED)
            return True
        except asyncio.CancelledError:
            await self._end()
            raise

    async def _end(self) -> None:
        """Let what is under way end, for as long as one answer takes; write down all that is known."""
        if self._running:
            await asyncio.wait(self._running, timeout=_GOODBYE_S)
        await self._write_down()
        await self._senders.close()

    async def _start(self, account: ChannelAccount) -> None:
        """Take what is due on an account, as much as has places and rates, and begin to send it."""
        free = PLACES - sum(channel_id == account.id for channel_id in self._running.values())
        if free <= 0:
            return
        kind = KINDS[account.kind]
        async with self._database.transaction() as connection:
            await abandon_many(connection, account.id)
            if account.id in await resting_accounts(connection):
                return
            taken = await take_due_messages(
                connection, account.id, limit=free, lease_s=_LEASE_S, rates=kind.rates
            )
            due = await let_go(connection, self._asks, taken)
            due = await self._within_rates(connection, account, kind, due)
        for message in due:
            task = asyncio.create_task(self._send(account, kind, message))
            self._running[task] = account.id
            task.add_done_callback(self._running.pop)

    async def _within_rates(
        self, connection: Connection, account: ChannelAccount, kind: ChannelKind, due: Sequence[Due]
    ) -> list[Due]:
        """Return the messages for which the rates have enough, people's first; put the others back."""
        by_people = [message for message in due if message.author == Author.STAFF]
        others = [message for message in due if message.author != Author.STAFF]
        share = await draw_on_rates(
            connection, account, kind.rates, people=len(by_people), machines=len(others)
        )
        may = by_people[: share.people] + others[: share.machines]
        pause_s = min((rate.seconds / rate.most for rate in kind.rates), default=0.0)
        stay = {message.id for message in due} - {message.id for message in may}
        await put_back(connection, stay, pause_s=max(pause_s, 0.05))
        return await self._within_strangers(connection, account, kind, may)

    async def _within_strangers(
        self, connection: Connection, account: ChannelAccount, kind: ChannelKind, due: Sequence[Due]
    ) -> list[Due]:
        """Return the messages without those to more people outside the window than are allowed."""
        now = clock.now()
        strangers = [message for message in due if not message.counted and not is_open(kind, message, now)]
        strangers = [message for message in strangers if message.template is not None]
        if not strangers:
            return list(due)
        may = await draw_on_strangers(connection, account, kind.rates, people=len(strangers))
        late = {message.id for message in strangers[may:]}
        await put_back(connection, late, pause_s=_STRANGERS_PAUSE_S)
        return [message for message in due if message.id not in late]

    async def _send(self, account: ChannelAccount, kind: ChannelKind, message: Due) -> None:
        """Hand one message over; every way it can end is an end, never an exception."""
        if message.template is None and not is_open(kind, message, clock.now()):
            result = SendResult(
                verdict=Verdict.WINDOW, code="window", reason="they have not written for too long"
            )
        else:
            try:
                async with asyncio.timeout(SEND_S_MAX):
                    sender = await self._senders.of(account)
                    result = await sender.send(_outbound(message))
            except TimeoutError:
                result = _NO_ANSWER
            except Exception as error:  # whatever it is about this message: it holds up no other
                log.warning("messengers.unexpected", message_id=str(message.id), error=type(error).__name__)
                result = SendResult(verdict=Verdict.UNKNOWN, code="unexpected", reason=type(error).__name__)
        sent = result.verdict is Verdict.SENT
        self._traffic.add(account.id, "sent" if sent else "failed")
        self._unwritten.append(SendEnd(message.id, account.id, message.tries, result))

    async def _write_down(self) -> None:
        """Record the sends that ended, and what they say of their accounts."""
        ends = {end.message_id: end for end in self._unwritten}
        if not ends:
            return
        written: set[UUID] = set()

        async def write(connection: Connection, ids: Sequence[UUID]) -> None:
            some = [ends[id_] for id_ in ids]
            await end_sends_many(connection, some)
            await self._note_accounts(connection, some)
            written.update(ids)

        await work_off(self._database, "messengers", list(ends), write)
        self._unwritten = [end for end in self._unwritten if end.message_id not in written]

    async def _note_accounts(self, connection: Connection, ends: Sequence[SendEnd]) -> None:
        """Stop an account whose token is dead or that needs its owner; give it the pause it asks for."""
        accounts = {account.id: account for account in await accounts_of_channels(self._context)}
        for end in ends:
            account, result = accounts.get(end.channel_id), end.result
            if account is None:
                continue
            if result.verdict in (Verdict.SIGN_IN, Verdict.ACCOUNT):
                problem = f"{result.code or ''} {result.reason or ''}".strip()
                health = AccountHealth(problem=problem, sign_in=result.verdict is Verdict.SIGN_IN)
                await note_health(connection, account, health)
            elif result.pause_s and not result.pair:
                await pause_account(connection, account.id, result.pause_s)


def _outbound(message: Due) -> OutboundMessage:
    return OutboundMessage(
        id=message.id,
        address=message.address,
        text=message.body,
        language=message.language,
        human=message.author == Author.STAFF,
        answers=message.answers,
        template=Template(**message.template) if message.template else None,
        last_heard_at=message.last_heard_at,
    )
