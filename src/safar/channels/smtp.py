"""Connections to the outgoing mail server: opened when needed, used for many mails, given up when broken."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

import aiosmtplib

from safar.channels.header_out import wire_address
from safar.kernel.i18n import N_
from safar.settings import Settings

_FRESH_S = 2.0  # a connection used a moment ago is not asked whether it still stands
_REASON_MAX = 300
_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


class ServerAway(Exception):
    """The mail server could not be reached or refused us; no message is to blame. Names no secret."""


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where and how mail is handed over; the password stays out of every representation."""

    scheme: str
    host: str
    port: int
    username: str | None = field(repr=False)
    password: str | None = field(repr=False)

    @classmethod
    def of(cls, settings: Settings) -> "SmtpServer":
        """Read settings.smtp_url. Raises ValueError for a scheme that we do not speak."""
        parts = urlsplit(settings.smtp_url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("SAFAR_SMTP_URL must look like smtp://, smtp+starttls:// or smtps://host:port")
        return cls(
            parts.scheme,
            parts.hostname,
            parts.port or _PORTS[parts.scheme],
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
        )


class SmtpConnections:
    """At most `limit` connections at once; idle ones are kept and used again."""

    def __init__(self, server: SmtpServer, *, timeout_s: float, limit: int) -> None:
        self._server = server
        self._timeout_s = timeout_s
        self._slots = asyncio.Semaphore(limit)
        self._idle: list[tuple[aiosmtplib.SMTP, float]] = []

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[aiosmtplib.SMTP]:
        """Lend a connection; one that raised anything is closed. Raises ServerAway."""
        async with self._slots:
            client = await self._living()
            try:
                yield client
            except BaseException:
                client.close()
                raise
            self._idle.append((client, time.monotonic()))

    async def _living(self) -> aiosmtplib.SMTP:
        while self._idle:
            client, since = self._idle.pop()
            fresh = time.monotonic() - since < _FRESH_S
            if client.is_connected and (fresh or await self._answers(client)):
                return client
            client.close()
        return await self._connected()

    async def _answers(self, client: aiosmtplib.SMTP) -> bool:
        """Start afresh on a kept connection; servers hang up on idle ones."""
        try:
            await client.rset()
        except (aiosmtplib.SMTPException, OSError):
            return False
        return True

    async def _connected(self) -> aiosmtplib.SMTP:
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            use_tls=server.scheme == "smtps",
            start_tls=server.scheme == "smtp+starttls",
            timeout=self._timeout_s,
        )
        try:
            await client.connect()
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            client.close()
            raise ServerAway(_what_happened(error)) from None
        except BaseException:
            client.close()
            raise
        return client

    async def close(self) -> None:
        """Say goodbye on the idle connections."""
        while self._idle:
            client, _since = self._idle.pop()
            try:
                async with asyncio.timeout(1.0):
                    await client.quit()
            except (aiosmtplib.SMTPException, OSError, TimeoutError):
                client.close()


def _what_happened(error: BaseException) -> str:
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return N_("the mail server refuses the user name or password")
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return N_("the mail server refuses the connection")
    if isinstance(error, aiosmtplib.SMTPTimeoutError | TimeoutError):
        return N_("the mail server does not answer in time")
    return N_("the mail server cannot be reached")


async def hand_to_server(
    client: aiosmtplib.SMTP, sender: str, address: str, mail: bytes, *, envelope_id: str = ""
) -> None:
    """Hand a mail over. `envelope_id` comes back in reports (RFC 3461), where the server can do that.

    Raises what aiosmtplib raises; SMTPNotSupported when the server cannot write an
    address in its script.
    """
    sender, address = wire_address(sender), wire_address(address)
    await client._ehlo_or_helo_if_needed()
    options = [] if (sender + address).isascii() else ["SMTPUTF8"]
    if envelope_id and client.supports_extension("dsn"):
        options += ["RET=HDRS", f"ENVID={envelope_id}"]
    await client.sendmail(sender, [address], mail, mail_options=options)


async def send_one(
    server: SmtpServer, sender: str, address: str, mail: bytes, timeout_s: float
) -> str | None:
    """Hand over one mail on a connection of its own; return why it was not taken, None when it was."""
    connections = SmtpConnections(server, timeout_s=timeout_s, limit=1)
    try:
        async with asyncio.timeout(2 * timeout_s), connections.connection() as client:
            await hand_to_server(client, sender, address, mail)
    except ServerAway as away:
        return str(away)
    except (TimeoutError, aiosmtplib.SMTPTimeoutError):
        return N_("the mail server does not answer in time")
    except aiosmtplib.SMTPRecipientsRefused as error:
        return f"{error.recipients[0].code} {error.recipients[0].message}"[:_REASON_MAX]
    except aiosmtplib.SMTPResponseException as error:
        return f"{error.code} {error.message}"[:_REASON_MAX]
    except (aiosmtplib.SMTPException, OSError):
        return N_("the mail server cannot be reached")
    finally:
        await connections.close()
    return None
