"""The SMTP protocol of the listener: aiosmtpd, with limits from the first byte and mails in one piece."""

import asyncio
from typing import Any

from aiosmtpd.smtp import SMTP

from safar.channels.mail_limits import Callers, MailConnection
from safar.kernel.web.proxies import customer_network

_SESSION_S_MAX = 900.0
_DATA_S_MAX = 600.0
_RATE_WINDOW_S = 20.0
_RATE_BYTES_MIN = 5_000  # in a window; slower ones hold a place for nothing
_TAKING_S_MAX = 120.0
_END = b"\r\n.\r\n"


class IncomingMail:
    """A mail as it comes, in one buffer: an object a line would take 20 times as much."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._buffer = bytearray(b"\r\n")  # a dot on the very first line ends it too
        self.heard_bytes = 0
        self.too_large = False
        self.ended = asyncio.Event()

    def take(self, data: bytes) -> bytes | None:
        """Take what came; return what came after the mail's end, None when it has not ended."""
        self.heard_bytes += len(data)
        searched = max(len(self._buffer) - len(_END) + 1, 0)
        self._buffer += data
        at = self._buffer.find(_END, searched)
        if at < 0:
            if len(self._buffer) > self._bytes_max + 2:
                self.too_large = True
            if self.too_large:
                del self._buffer[: -len(_END)]
            return None
        rest = bytes(self._buffer[at + len(_END) :])
        del self._buffer[at + 2 :]
        self.too_large = self.too_large or len(self._buffer) > self._bytes_max + 2
        self.ended.set()
        return rest

    def content(self) -> bytes:
        """Return the mail, its doubled dots (RFC 5321, 4.5.2) made one again. Lines may have any length."""
        content = bytes(self._buffer.replace(b"\r\n..", b"\r\n.")[2:])
        self._buffer.clear()
        return content


class IncomingSmtp(SMTP):
    """One connection of somebody else's mail server."""

    def __init__(self, handler: Any, callers: Callers, **options: Any) -> None:
        super().__init__(handler, **options)
        self._callers = callers
        self._mail: IncomingMail | None = None
        self._ends: asyncio.TimerHandle | None = None
        self.caller: MailConnection | None = None

    def connection_made(self, transport: Any) -> None:
        peer = transport.get_extra_info("peername")
        caller = MailConnection(customer_network(str(peer[0])) if peer else "", self._hang_up)
        self.transport = transport
        refusal = self._callers.enter(caller, self.loop.time())
        if refusal is not None:
            transport.write(f"{refusal}\r\n".encode())
            transport.close()
            return
        self.caller = caller
        self.transport = None  # aiosmtpd takes another one for the beginning of TLS
        super().connection_made(transport)
        self._ends = self.loop.call_later(_SESSION_S_MAX, self._hang_up, "421 4.4.2 This takes too long")

    def connection_lost(self, error: Exception | None) -> None:
        if self.caller is None:
            return
        self._callers.leave(self.caller)
        if self._ends is not None:
            self._ends.cancel()
        super().connection_lost(error)

    def eof_received(self) -> bool | None:
        return None if self.caller is None else super().eof_received()

    def data_received(self, data: bytes) -> None:
        if self.caller is None:
            return
        if self._mail is None:
            self.caller.heard_at = self.loop.time()
            super().data_received(data)
            return
        mail = self._mail
        rest = mail.take(data)
        if mail.too_large:
            self._callers.release(self.caller)
        else:
            self._callers.hold(self.caller, len(data), self.loop.time())
        if rest is not None:
            self._mail = None
            self.caller.committing = True
            if rest:
                super().data_received(rest)

    async def smtp_DATA(self, arg: str | None) -> None:
        """Take one mail in and answer for it."""
        if await self.check_helo_needed() or await self.check_auth_needed("DATA"):
            return
        assert self.envelope is not None
        assert self.caller is not None
        if not self.envelope.rcpt_tos:
            await self.push("503 Error: need RCPT command")
            return
        if arg:
            await self.push("501 Syntax: DATA")
            return
        # Nobody has been told that the mail may come.
        if self._reader._buffer:  # type: ignore[attr-defined]  # asyncio has no word for what came already
            self._hang_up("554 5.5.0 Wait for the answer to DATA")
            return
        mail = self._mail = IncomingMail(self.data_size_limit or 0)
        self._reset_timeout(_DATA_S_MAX)
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        try:
            if not await self._whole(mail):
                return
            self._reset_timeout(_TAKING_S_MAX)
            if mail.too_large:
                status = "552 5.3.4 Error: Too much mail data"
            else:
                self.envelope.content = self.envelope.original_content = mail.content()
                status = await self._call_handler_hook("DATA")
        finally:
            self._mail = None
            self.caller.committing = False
            self._callers.release(self.caller)
        self._set_post_data_state()  # type: ignore[no-untyped-call]  # aiosmtpd's, which has no types
        self._reset_timeout()
        await self.push(status)

    async def _whole(self, mail: IncomingMail) -> bool:
        """Wait for the end of the mail; hang up on who sends next to nothing."""
        while True:
            before = mail.heard_bytes
            try:
                async with asyncio.timeout(_RATE_WINDOW_S):
                    await mail.ended.wait()
                return True
            except TimeoutError:
                if mail.heard_bytes - before < _RATE_BYTES_MIN:
                    self._hang_up("421 4.4.2 This is too slow")
                    return False

    def _hang_up(self, why: str) -> None:
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.write(f"{why}\r\n".encode())
            self.transport.close()
