"""The local mailbox: a real SMTP server on loopback that keeps and shows what it receives.

It stands for the customers' mail providers: it keeps every mail as a file, once for each Message-ID, and a
reply written in it is sent to the shop by SMTP like any customer's. It stands for the shop's own mail server,
too: only who reads a mailbox here can answer from it, so it hands their answers on as authenticated.
"""

import asyncio
import email.policy
import ipaddress
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import make_msgid, parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiosmtplib
from aiosmtpd.smtp import SMTP, Envelope, Session
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from safar.app import tell_ready, when_answering
from safar.kernel import clock
from safar.kernel.context import make_context
from safar.kernel.errors import NotFound, Overloaded
from safar.kernel.web.access import PublicRoute
from safar.kernel.web.forms import read_fields
from safar.kernel.web.pages import page
from safar.kernel.web.requests import see_other
from safar.kernel.web.server import http_server, run_until
from safar.kernel.web.surface import Surface, build_surface
from safar.settings import Settings

_BYTES_MAX = 5_000_000
_LISTED_MAX = 100
_WHY = "mails of the demo, on the machine of who runs it"
_READ_MAX = 500
_SEND_TIMEOUT_S = 10.0
NOT_TAKEN = (aiosmtplib.SMTPException, OSError, TimeoutError)  # the shop's server is away, or said "later"


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as it lies in the mailbox; `number` counts from 1 in order of arrival."""

    number: int
    message_id: str
    to: str
    sender: str
    subject: str
    text: str
    at: datetime
    reply_to: str
    shop_id: str

    def public(self) -> dict[str, object]:
        """Return what a mail program would show."""
        return {
            "number": self.number,
            "to": self.to,
            "from": self.sender,
            "subject": self.subject,
            "text": self.text,
            "message_id": self.message_id,
            "kind": self.shop_id,
        }


class Mailbox:
    """Every mail received, on disk and indexed in memory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.mails: list[Mail] = []
        self._known: set[tuple[str, str]] = set()
        self.arrived = asyncio.Condition()
        for path in sorted(folder.glob("*.eml")):
            self._index(path.read_bytes(), path.stem.split("-", 1)[1])

    def _index(self, raw: bytes, to: str) -> bool:
        parsed = BytesParser(policy=email.policy.default).parsebytes(raw)
        message_id = str(parsed.get("Message-ID", "")).strip()
        if message_id and (message_id, to) in self._known:
            return False
        self._known.add((message_id, to))
        body = parsed.get_body(("plain", "html")) if isinstance(parsed, EmailMessage) else None
        date = parsed.get("Date")
        self.mails.append(
            Mail(
                number=len(self.mails) + 1,
                message_id=message_id,
                to=to,
                sender=str(parsed.get("From", "")),
                subject=str(parsed.get("Subject", "")),
                text=body.get_content() if body else "",
                at=parsedate_to_datetime(str(date)) if date else clock.now(),
                reply_to=str(parsed.get("Reply-To", parsed.get("From", ""))),
                shop_id="campaign" if parsed.get("List-Unsubscribe") else "service",
            )
        )
        return True

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep the mail, once for each recipient, before saying that it was taken."""
        raw = envelope.content if isinstance(envelope.content, bytes) else b""
        for address in envelope.rcpt_tos:
            to = address.lower()
            if self._index(raw, to):
                (self._folder / f"{len(self.mails):08d}-{to.replace('/', '_')}.eml").write_bytes(raw)
        async with self.arrived:
            self.arrived.notify_all()
        return "250 OK"


def mailbox_app(settings: Settings, mailbox: Mailbox) -> Starlette:
    """Return the pages and the small JSON interface of the mailbox."""

    async def index(request: Request) -> Response:
        query = request.query_params.get("q", "").strip().lower()
        found = [mail for mail in reversed(mailbox.mails) if query in f"{mail.to} {mail.subject}".lower()]
        values = {"mails": found[:_LISTED_MAX], "total": len(found), "query": query}
        return page(request, "demo/mailbox.html", values)

    async def show(request: Request) -> Response:
        mail = _numbered(mailbox, request)
        return page(request, "demo/mail.html", {"mail": mail, "sent": "sent" in request.query_params})

    async def answer(request: Request) -> Response:
        mail = _numbered(mailbox, request)
        fields = await read_fields(request)
        text = fields.text("text", length_max=5000)
        fields.done()
        try:
            await send_reply(
                settings,
                sender=mail.to,
                to=mail.reply_to,
                subject=mail.subject,
                text=text,
                in_reply_to=mail.message_id,
            )
        except NOT_TAKEN as error:
            raise Overloaded from error
        return see_other(f"/m/{mail.number}?sent")

    async def messages(request: Request) -> Response:
        after = int(request.query_params.get("after", "0"))
        new = mailbox.mails[after : after + _READ_MAX]
        return JSONResponse([mail.public() for mail in new])

    async def health(_request: Request) -> Response:
        return PlainTextResponse("ok")

    routes = [
        PublicRoute("/", index, why=_WHY),
        PublicRoute("/m/{number:int}", show, why=_WHY),
        PublicRoute("/m/{number:int}", answer, why=_WHY, methods=["POST"]),
        PublicRoute("/api/messages", messages, why=_WHY),
        PublicRoute("/health", health, why=_WHY),
    ]

    def values(_request: Request) -> Mapping[str, Any]:
        return {"shop_url": settings.public_url}

    def own_names(app: ASGIApp) -> ASGIApp:
        return OwnNames(app, settings.mailbox_host)

    return build_surface(make_context(settings, ""), Surface("demo", values), routes, inside=[own_names])


class OwnNames:
    """Pure ASGI layer that answers only under names that cannot be pointed here by a stranger.

    The page of a stranger can make its own name lead to this machine, and would then read all mails.
    """

    def __init__(self, app: ASGIApp, address: str) -> None:
        self._app = app
        self._names = {"localhost", "127.0.0.1", "::1", address.lower()}
        self._anywhere = address in ("0.0.0.0", "::", "")  # noqa: S104 - compared, not listened on

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._knows(Headers(scope=scope).get("host", "")):
            await self._app(scope, receive, send)
            return
        text = "The mailbox answers only under its own address. Open it as localhost or 127.0.0.1."
        await PlainTextResponse(text, 421)(scope, receive, send)

    def _knows(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name in self._names or (self._anywhere and _is_address(name))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _numbered(mailbox: Mailbox, request: Request) -> Mail:
    number: int = request.path_params["number"]
    if not 1 <= number <= len(mailbox.mails):
        raise NotFound
    return mailbox.mails[number - 1]


async def send_reply(
    settings: Settings,
    *,
    sender: str,
    to: str,
    subject: str,
    text: str,
    in_reply_to: str | None = None,
    message_id: str | None = None,
) -> str:
    """Send a customer's mail to the shop by SMTP; return its Message-ID once the shop has taken it.

    Raises one of NOT_TAKEN; sent again under the same `message_id` it is the same mail.
    """
    mail = EmailMessage()
    if settings.mail_authserv_id:  # what the shop's own mail server would have found
        domain = sender.rpartition("@")[2]
        mail["Authentication-Results"] = f"{settings.mail_authserv_id}; dmarc=pass header.from={domain}"
    mail["From"], mail["To"] = sender, to
    mail["Subject"] = subject if subject.lower().startswith("re:") else f"Re: {subject}"
    mail["Message-ID"] = message_id or make_msgid(domain=sender.rpartition("@")[2])
    if in_reply_to:
        mail["In-Reply-To"] = mail["References"] = in_reply_to
    mail.set_content(text)
    await aiosmtplib.send(
        mail,
        hostname=settings.mail_in_host,
        port=settings.mail_in_port,
        timeout=_SEND_TIMEOUT_S,
        start_tls=False,
    )
    return str(mail["Message-ID"])


async def run_mailbox(settings: Settings) -> None:
    """Serve the mailbox until told to stop: SMTP and HTTP on their ports of the settings."""
    mailbox = Mailbox(settings.data_dir / "mailbox")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)

    def session() -> SMTP:
        return SMTP(mailbox, data_size_limit=_BYTES_MAX, enable_SMTPUTF8=True, hostname="mailbox", loop=loop)

    listener = await loop.create_server(session, settings.mailbox_host, settings.mailbox_smtp_port)
    try:
        host, port = settings.mailbox_host, settings.mailbox_http_port
        web = http_server(mailbox_app(settings, mailbox), host, port)

        async def ready() -> None:
            await when_answering(host, port)
            await tell_ready()

        await run_until(web, stop, ready=ready)
    finally:
        listener.close()
