"""The outbox's dispatcher: takes due e-mails, sends them outside any transaction, writes down how it ended.

A mail counts as sent when the server has taken it. If this process dies between that and writing it down, the
row stays "sending", comes due again when its lease is over, and goes out once more under the same Message-ID:
at least once, never lost; receivers drop the second copy by its id.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from uuid import UUID

import aiosmtplib

from safar.channels.actions import (
    end_attempts_many,
    note_trouble,
    skip_beyond_limits,
    take_due_mail,
)
from safar.channels.compose import compose
from safar.channels.decide import failed_for_now, refused_attempt, server_away
from safar.channels.design import mail_look
from safar.channels.letting import Ask, let_go
from safar.channels.model import EMAIL, Due, End, SendAttempt
from safar.channels.returns import return_path, sealed_id
from safar.channels.server import mail_server, sender_address
from safar.channels.smtp import ServerAway, SmtpConnections, SmtpServer, hand_to_server
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Connection
from safar.kernel.log import log
from safar.kernel.setbacks import work_off
from safar.owner.model import Shop
from safar.owner.reading import known_shop, shop_of

_BATCH_MAX = 64
_CONNECTIONS_MAX = 4
_REST_S_MAX = 30.0
_GOODBYE_S = 5.0


class Outbox:
    """Sends e-mail for one process; several may run, each row is taken by one."""

    def __init__(self, context: Context, asks: Mapping[str, Ask] = MappingProxyType({})) -> None:
        """`asks`: by author, who is asked before a message leaves whether it still may."""
        settings = context.settings
        self._context = context
        self._database = context.database
        self._asks = asks
        self._settings = settings
        self._vault = context.vault
        self._verp = settings.mail_return_paths
        self._own_url = settings.public_url
        self._per_address = settings.mails_per_address_hour
        self._timeout_s = settings.smtp_timeout_s
        self._server = SmtpServer.of(settings)
        self._connections = self._to_server()
        # Sent or refused, but not yet written down (the database was away): first thing of the next step.
        self._unwritten: list[SendAttempt] = []
        self._trouble: str | None = "not known yet"
        self._rest_s = 0.0
        self._rest_until = 0.0
        self._stopping = False

    @property
    def lease_s(self) -> float:
        """Longer than a batch can take: sends start within one time-out and last at most two more."""
        return 3 * self._timeout_s + 5

    async def step(self) -> bool:
        """Send one batch; return whether there may be more. Cancelling it keeps what was sent on record."""
        if time.monotonic() < self._rest_until:
            return False
        work = asyncio.ensure_future(self._step())
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            self._stopping = True
            await asyncio.wait({work}, timeout=self._timeout_s + _GOODBYE_S)
            await self._connections.close()
            raise

    async def _step(self) -> bool:
        self._stopping = False
        await self._write_down()
        async with self._database.transaction() as connection:
            while await skip_beyond_limits(connection, per_address=self._per_address, look_at=_BATCH_MAX):
                pass  # those that are next now were not looked at yet
            taken = await take_due_mail(connection, limit=_BATCH_MAX, lease_s=self.lease_s)
            due = await let_go(connection, self._asks, taken)
        if not taken:
            return False
        await self._follow(await shop_of(self._context))
        # What was sent and cannot be written down comes due again; it is not sent again.
        unwritten = {attempt.message_id for attempt in self._unwritten}
        await self._send_all([message for message in due if message.id not in unwritten])
        trouble = await self._write_down()
        self._rest_after(trouble)
        return len(taken) == _BATCH_MAX and trouble is None

    def _to_server(self) -> SmtpConnections:
        return SmtpConnections(self._server, timeout_s=self._timeout_s, limit=_CONNECTIONS_MAX)

    async def _follow(self, shop: Shop) -> None:
        """Go over to the mail server that the owner has set meanwhile."""
        server = mail_server(self._settings, shop, self._vault)
        if server != self._server:
            await self._connections.close()
            self._server = server
            self._connections = self._to_server()

    @property
    def _mail_from(self) -> str:
        return sender_address(self._settings, known_shop(self._context))

    async def _send_all(self, due: Sequence[Due]) -> None:
        """Send side by side, as many as there are connections."""
        waiting = list(reversed(due))
        no_start_after = time.monotonic() + self._timeout_s

        async def work() -> None:
            while waiting:
                message = waiting.pop()
                if self._stopping or time.monotonic() > no_start_after:
                    self._unwritten.append(SendAttempt(message.id, message.tries, End.AGAIN, counted=False))
                else:
                    self._unwritten.append(await self._send(message))

        await asyncio.gather(*(work() for _ in range(min(_CONNECTIONS_MAX, len(due)))))

    async def _send(self, message: Due) -> SendAttempt:
        """Hand one mail over; every way it can end is an Attempt, never an exception."""
        try:
            mail = compose(
                message,
                mail_from=self._mail_from,
                look=mail_look(known_shop(self._context), self._own_url),
                sender=known_shop(self._context).mail_name,
                sealed=sealed_id(self._vault, message.id),
            )
        except Exception as error:  # whatever it is about this mail: it holds up no other
            reason = f"this mail cannot be written: {type(error).__name__}"
            return SendAttempt(message.id, message.tries, End.FAILED, "unwritable", reason)
        try:
            async with asyncio.timeout(2 * self._timeout_s), self._connections.connection() as client:
                await hand_to_server(
                    client,
                    self._envelope_from(message.id),
                    message.address,
                    mail,
                    envelope_id=sealed_id(self._vault, message.id),
                )
        except ServerAway as error:
            return server_away(message.id, message.tries, message.at, clock.now(), str(error))
        except aiosmtplib.SMTPRecipientsRefused as error:
            first = error.recipients[0]
            return refused_attempt(message.id, message.tries, first.code, first.message)
        except aiosmtplib.SMTPNotSupported:
            reason = "the mail server cannot send to addresses in this script"
            return SendAttempt(message.id, message.tries, End.FAILED, "not_supported", reason)
        except aiosmtplib.SMTPResponseException as error:
            return refused_attempt(message.id, message.tries, error.code, error.message)
        except (aiosmtplib.SMTPTimeoutError, TimeoutError):
            return failed_for_now(
                message.id, message.tries, "timeout", "the mail server did not answer in time"
            )
        except (aiosmtplib.SMTPException, OSError) as error:
            return failed_for_now(message.id, message.tries, "connection", f"cut off: {type(error).__name__}")
        except ValueError:
            return SendAttempt(
                message.id, message.tries, End.FAILED, "unwritable", "this address cannot be used"
            )
        except Exception as error:  # as above
            log.warning("outbox.unexpected", message_id=str(message.id), error=type(error).__name__)
            return failed_for_now(message.id, message.tries, "unexpected", type(error).__name__)
        return SendAttempt(message.id, message.tries, End.SENT)

    def _envelope_from(self, message_id: UUID) -> str:
        return return_path(self._vault, message_id, self._mail_from) if self._verp else self._mail_from

    async def _write_down(self) -> str | None:
        """Record the attempts that ended; return why the server was away, if it was."""
        if not self._unwritten:
            return self._trouble
        attempts = list(self._unwritten)
        away = next((a.reason for a in attempts if a.code == "server_away"), None)
        if any(attempt.end is End.SENT for attempt in attempts):
            away = None
        if away != self._trouble:
            async with self._database.transaction() as connection:
                await note_trouble(connection, EMAIL, away)
            self._trouble = away
        by_id = {attempt.message_id: attempt for attempt in attempts}
        written: set[UUID] = set()

        async def write(connection: Connection, ids: Sequence[UUID]) -> None:
            await end_attempts_many(connection, [by_id[id_] for id_ in ids])
            written.update(ids)

        await work_off(self._database, "outbox", list(by_id), write)
        self._unwritten = [attempt for attempt in self._unwritten if attempt.message_id not in written]
        return away

    def _rest_after(self, trouble: str | None) -> None:
        """Leave a server that is away in peace for a while, longer each time."""
        if trouble is None:
            self._rest_s = 0.0
            return
        self._rest_s = min(max(self._rest_s * 2, 1.0), _REST_S_MAX)
        self._rest_until = time.monotonic() + self._rest_s
        log.warning("outbox.server_away", trouble=trouble, rest_s=self._rest_s)
