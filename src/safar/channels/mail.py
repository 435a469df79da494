"""Reading an incoming mail: whatever it looks like, the result is a message or a reason why not."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default
from email.utils import parseaddr
from hashlib import sha256
from uuid import UUID

from safar.channels.compose import our_message_ids
from safar.channels.mail_text import cleaned, text_of, without_quote
from safar.kernel.ids import derived_id
from safar.kernel.text import shortened

_ADDRESS = re.compile(r"[^@\s<>\"(),;:]{1,64}@[^@\s<>\"(),;:]{1,189}")
_BULK = frozenset({"bulk", "junk", "list", "auto_reply"})
_HEADER_MAX = 500
_REFERENCES_MAX = 8000
_STATUS = re.compile(r"^Status:\s*([245]\.\d{1,3}\.\d{1,3})", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """The receiving side reports that a mail of ours was not delivered."""

    message_id: UUID
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMail:
    """One incoming mail. `error` says why it is no message; its raw form is kept in any case.

    `external_id` names the mail for deduplication: its Message-ID with the sender, or the hash of the raw
    mail. `references`: our messages that it answers, newest last. `automatic`: a machine wrote it.
    """

    envelope_id: UUID
    raw: bytes
    external_id: str
    header_id: str | None = None
    references: tuple[UUID, ...] = ()
    address: str = ""
    name: str | None = None
    subject: str = ""
    text: str = ""
    automatic: bool = False
    bounce: Bounce | None = None
    error: str | None = None


def read_mail(raw: bytes, envelope_from: str | None, *, our_address: str) -> InboundMail:
    """Read a mail as it came by SMTP; never raises."""
    digest = sha256(raw).hexdigest()
    empty = InboundMail(envelope_id=derived_id("mail", digest), raw=raw, external_id=f"sha256:{digest}")
    try:
        return _read(empty, message_from_bytes(raw, policy=default), envelope_from, our_address)
    except Exception as error:
        return replace(empty, error=f"unreadable: {type(error).__name__}")


def _read(empty: InboundMail, mail: EmailMessage, envelope_from: str | None, our_address: str) -> InboundMail:
    name, address = _sender(mail, envelope_from or "")
    header_id = _header(mail, "Message-ID").strip() or None
    read = replace(
        empty,
        header_id=header_id if header_id and len(header_id) <= _HEADER_MAX and " " not in header_id else None,
        external_id=f"{header_id} {address}"[:1000] if header_id else empty.external_id,
        references=tuple(our_message_ids(_references(mail))),
        address=address,
        name=name or None,
        subject=shortened(cleaned(_header(mail, "Subject")), 200),
        automatic=_is_automatic(mail, envelope_from),
        bounce=_bounce(mail),
    )
    if read.bounce is not None:
        return read
    if not address:
        return replace(read, error="no sender that could be answered")
    if address == our_address.lower():
        return replace(read, error="from our own address: a loop")
    whole = text_of(mail)
    text = without_quote(whole) or whole or read.subject
    return replace(read, text=text, error=None if text.strip() else "empty: no text and no subject")


def _sender(mail: EmailMessage, envelope_from: str) -> tuple[str, str]:
    """Return name and address of who wrote; Reply-To is not believed for who someone is."""
    name, address = parseaddr(_header(mail, "From"))
    if not _ADDRESS.fullmatch(address):
        name, address = "", envelope_from.strip("<>")
    if not _ADDRESS.fullmatch(address):
        return "", ""
    return shortened(cleaned(name), 100), address.lower()


def _references(mail: EmailMessage) -> str:
    return f"{_header(mail, 'References', _REFERENCES_MAX)} {_header(mail, 'In-Reply-To')}"


def _header(mail: Message, name: str, length_max: int = _HEADER_MAX) -> str:
    """Return a header's text; the parser of a broken one may raise nearly anything."""
    text = _attempt(lambda: str(mail.get(name, "")))
    if text is None:
        raw = next((value for key, value in mail.raw_items() if key.lower() == name.lower()), "")
        text = str(raw)
    return " ".join(cleaned(text)[:length_max].split())


def _attempt(read: Callable[[], str]) -> str | None:
    with suppress(Exception):
        return read()
    return None


def _is_automatic(mail: EmailMessage, envelope_from: str | None) -> bool:
    """Tell whether a machine wrote this (RFC 3834 and common practice): answering it could loop for ever."""
    submitted = _header(mail, "Auto-Submitted").lower()
    return (
        (submitted not in ("", "no"))
        or _header(mail, "Precedence").lower() in _BULK
        or any(mail.get(name) is not None for name in ("X-Autoreply", "X-Autorespond", "List-Id"))
        or (envelope_from is not None and envelope_from in ("", "<>"))
    )


def _bounce(mail: EmailMessage) -> Bounce | None:
    """Read a delivery report (RFC 3464) about one of our messages, named by its Message-ID."""
    if mail.get_content_type() != "multipart/report":
        return None
    report, ours = "", []
    for part in mail.walk():
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            report = part.as_string()
        elif kind in ("message/rfc822", "text/rfc822-headers"):
            ours = our_message_ids(part.as_string()[:20_000])
    if not ours or "action: failed" not in report.lower():
        return None
    status = _STATUS.search(report)
    return Bounce(message_id=ours[0], status=status.group(1) if status else "5.0.0")
