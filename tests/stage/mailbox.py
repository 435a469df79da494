"""A real SMTP server on a free loopback port that keeps what it receives, and can be told to misbehave."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.smtp import SMTP, Envelope, Session

Answer = Callable[[str], Awaitable[str | None]]


@dataclass
class Mailbox:
    """What arrived, raw, in order. `answer` may return another reply than 250 for an address."""

    port: int = 0
    mails: list[bytes] = field(default_factory=list)
    answer: Answer | None = None
    connections: int = 0

    @property
    def messages(self) -> list[EmailMessage]:
        return [message_from_bytes(mail, policy=default) for mail in self.mails]

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        refusal = await self.answer(address) if self.answer else None
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.mails.append(envelope.content)
        return "250 Taken"


@asynccontextmanager
async def mailbox() -> AsyncIterator[Mailbox]:
    """Run a mailbox until the block ends."""
    box = Mailbox()
    loop = asyncio.get_running_loop()

    def protocol() -> SMTP:
        box.connections += 1
        return SMTP(box, enable_SMTPUTF8=True, loop=loop)

    server = await loop.create_server(protocol, "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
