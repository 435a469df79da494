"""Incoming e-mail: an SMTP listener that says 250 only when the mail is safe in the database."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from safar.channels.inbound_mail import InboundMail
from safar.channels.mail import read_mail
from safar.kernel.log import log
from safar.settings import Settings

Deliver = Callable[[InboundMail], Awaitable[None]]
MAIL_BYTES_MAX = 10_000_000
_RECIPIENTS_MAX = 50
_SESSION_TIMEOUT_S = 60.0
_SESSIONS_MAX = 200
_LARGE_BYTES = 200_000


class MailListener:
    """Takes mail for our domain; `deliver` commits it before the sender is told that it was taken."""

    def __init__(self, settings: Settings, deliver: Deliver) -> None:
        self._settings = settings
        self._deliver = deliver
        self._domain = settings.mail_from.rpartition("@")[2].lower()
        self._sessions = 0
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port that it listens on, once open."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def open(self, port: int | None = None) -> None:
        """Begin to listen; port 0 takes a free one."""
        wanted = self._settings.mail_in_port if port is None else port
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, self._settings.mail_in_host, wanted)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def run(self) -> bool:
        """Listen until cancelled: the step of a loop, which tries again when the port is taken."""
        await self.open()
        try:
            await asyncio.Event().wait()
        finally:
            await self.close()
        return False

    def _protocol(self) -> SMTP:
        return SMTP(
            self,
            data_size_limit=MAIL_BYTES_MAX,
            enable_SMTPUTF8=True,
            decode_data=False,
            hostname=self._domain,
            ident="Safar",
            timeout=_SESSION_TIMEOUT_S,
            loop=asyncio.get_running_loop(),
        )

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        """Take mail for our own domain only; we relay for nobody."""
        if address.rpartition("@")[2].lower() != self._domain:
            return "550 5.7.1 We take mail for our own domain only"
        if len(envelope.rcpt_tos) >= _RECIPIENTS_MAX:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(rcpt_options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Read and deliver one mail; 451 (come again) when it could not be made safe."""
        if self._sessions >= _SESSIONS_MAX:
            return "451 4.3.2 Busy, try again later"
        self._sessions += 1
        try:
            mail = await self._read(_bytes_of(envelope.content), envelope.mail_from)
            await self._deliver(mail)
        except Exception as error:
            log.warning("mail_in.not_taken", error=type(error).__name__)
            return "451 4.3.0 Could not be stored now, try again later"
        finally:
            self._sessions -= 1
        return "250 2.0.0 Taken"

    async def _read(self, raw: bytes, envelope_from: str | None) -> InboundMail:
        arguments = {"our_address": self._settings.mail_from}
        if len(raw) > _LARGE_BYTES:  # reading ten megabytes would hold up everybody else
            return await asyncio.to_thread(read_mail, raw, envelope_from, **arguments)
        return read_mail(raw, envelope_from, **arguments)


def _bytes_of(content: Any) -> bytes:
    return content if isinstance(content, bytes) else str(content or "").encode("utf-8", "surrogateescape")
