"""Incoming e-mail: an SMTP listener that says 250 only when the mail is safe in the database."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from pydantic import TypeAdapter

from safar.channels.inbound_mail import InboundMail, unread_mail
from safar.channels.mail_limits import Callers, Quotas
from safar.channels.smtp_in import IncomingSmtp
from safar.kernel.apart import FileTooHard, Workshop
from safar.kernel.log import log
from safar.settings import Settings

Deliver = Callable[[InboundMail], Awaitable[None]]
MAIL_BYTES_MAX = 10_000_000
_RECIPIENTS_MAX = 50
_COMMAND_TIMEOUT_S = 60.0
_COMMANDS_MAX = 500  # of each kind in one connection
_READ = "safar.channels.mail:values_of_mail"
_INBOUND = TypeAdapter(InboundMail)


class MailListener:
    """Takes mail for our domain; `deliver` commits it before the sender is told that it was taken."""

    def __init__(self, settings: Settings, deliver: Deliver, own: Callable[[], str] | None = None) -> None:
        """`own`: the address of the shop as it is now; we take mail for its domain, too."""
        self._settings = settings
        self._own = own or (lambda: settings.mail_from)
        self._deliver = deliver
        self._domain = settings.mail_from.rpartition("@")[2].lower()
        self._callers = Callers(
            connections_max=settings.mail_in_connections,
            per_network_max=settings.mail_in_connections_of_network,
        )
        self._quotas = Quotas(settings.mails_in_per_hour)
        self._readers = Workshop()
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
        await self._readers.close()

    async def run(self) -> bool:
        """Listen until cancelled: the step of a loop, which tries again when the port is taken."""
        await self.open()
        try:
            await asyncio.Event().wait()
        finally:
            await self.close()
        return False

    def _protocol(self) -> SMTP:
        return IncomingSmtp(
            self,
            self._callers,
            data_size_limit=MAIL_BYTES_MAX,
            enable_SMTPUTF8=True,
            decode_data=False,
            hostname=self._domain,
            ident="Safar",
            timeout=_COMMAND_TIMEOUT_S,
            command_call_limit=_COMMANDS_MAX,
            loop=asyncio.get_running_loop(),
        )

    async def handle_MAIL(
        self, server: IncomingSmtp, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Begin a mail, unless its network has handed in too much in the last hour."""
        if server.caller is None or not self._quotas.has_room(server.caller.network, _now()):
            return "450 4.7.1 Too many mails from your network in an hour, try again later"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        """Take mail for our own domain only; we relay for nobody."""
        ours = (self._domain, self._own().rpartition("@")[2].lower())
        if address.rpartition("@")[2].lower() not in ours:
            return "550 5.7.1 We take mail for our own domain only"
        if len(envelope.rcpt_tos) >= _RECIPIENTS_MAX:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(rcpt_options)
        return "250 OK"

    async def handle_DATA(self, server: IncomingSmtp, session: Session, envelope: Envelope) -> str:
        """Read and deliver one mail; 451 (come again) when it could not be made safe."""
        raw = _bytes_of(envelope.content)
        if server.caller is not None:
            self._quotas.charge(server.caller.network, len(raw), _now())
        try:
            mail = await self._read(raw, envelope.mail_from)
            await self._deliver(replace(mail, recipients=tuple(envelope.rcpt_tos)))
        except Exception as error:
            log.warning("mail_in.not_taken", error=type(error).__name__)
            return "451 4.3.0 Could not be stored now, try again later"
        return "250 2.0.0 Taken"

    async def _read(self, raw: bytes, envelope_from: str | None) -> InboundMail:
        """Read a mail in a process apart: what it breaks there is one mail, which is kept as it came."""
        arguments = (envelope_from or "", "" if envelope_from is None else "known", self._own())
        try:
            values = await self._readers.run(_READ, raw, *arguments)
        except FileTooHard:
            return unread_mail(raw, "unreadable: took too long")
        return _INBOUND.validate_python({**values, "raw": raw})


def _now() -> float:
    return asyncio.get_running_loop().time()


def _bytes_of(content: Any) -> bytes:
    return content if isinstance(content, bytes) else str(content or "").encode("utf-8", "surrogateescape")
