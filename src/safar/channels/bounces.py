"""Reports that a mail of ours did not arrive, in the forms that mail servers write them; without I/O.

RFC 3464 and 6533 are read by their fields. What qmail, Exim, Exchange, Gmail and others write to people is
told by who sends it and how it begins, and is read for the address, the status and the id of our mail, in any
part. A report that a mail is late or has arrived says nothing that anybody has to do. Whether a report is
believed is decided by who can check its seal (`channels.returns`).
"""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import compat32
from uuid import UUID

from flufl.bounce import all_failures

from safar.channels.compose import our_message_ids
from safar.channels.header_words import header_words
from safar.channels.inbound_mail import Bounce
from safar.channels.mail_text import cleaned
from safar.channels.mime import Part, attempt
from safar.channels.returns import SEALED_HEADER

_BYTES_MAX = 20_000
_SCANNED_BYTES_MAX = 200_000
_POSTMASTERS = ("mailer-daemon", "mailerdaemon", "mail-daemon", "postmaster", "double-bounce", "mdaemon")
_BEGINNINGS = (
    "hi. this is the qmail-send program", "this message was created automatically by mail delivery software",
    "this is the mail system at host", "this is the postfix program",
    "delivery has failed to these recipients",
    "your message did not reach some or all of the intended recipients", "address not found",
    "your message wasn't delivered", "your message couldn't be delivered", "message not delivered",
    "delivery to the following recipient", "the original message was received at",
    "sorry, we were unable to deliver your message", "unable to deliver message to the following",
    "this is an automatically generated delivery status notification", "failed to deliver to",
    "this is the mail delivery agent", "your mail to the following recipients could not be delivered",
    "a message that you sent could not be delivered", "undelivered mail", "delivery failure",
)  # fmt: skip
_SUBJECTS = (
    "undeliverable", "undelivered mail", "delivery status notification", "delivery failure", "failure notice",
    "mail delivery failed", "mail delivery failure", "mail delivery system", "returned mail",
    "message not delivered", "warning: could not send", "delayed mail", "delivery delayed",
    "mail system error",
    "não entregue", "não é possível entregar", "falha na entrega", "falha de entrega", "undelivered",
    "não foi possível entregar", "تحویل نشد", "غیرقابل تحویل", "वितरित नहीं", "डिलीवर नहीं", "nicht zustellbar",
    "unzustellbar", "no se puede entregar", "non remis", "недоставленное",
)  # fmt: skip
_SAYS_SO = ("X-Failed-Recipients", "X-MS-Exchange-Message-Is-Ndr")
_LATE = (
    "delay", "warning: could not send", "has not yet been delivered", "will be retried", "will retry",
    "still being retried", "no action is required", "delivery incomplete", "you do not need to resend",
)  # fmt: skip
_GIVEN_UP = (
    "gave up",
    "giving up",
    "has been returned",
    "permanent",
    "could not be delivered to one or more",
)
_FIELD = re.compile(
    r"^(Action|Status|Final-Recipient|Original-Recipient|Original-Envelope-Id):[ \t]{0,20}([^\r\n]{1,400})",
    re.MULTILINE | re.IGNORECASE,
)
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_HAS_ID = re.compile(r"^(?:X-Original-)?Message-ID:\s{0,10}(<[^>\s]{1,300}>)", re.MULTILINE | re.IGNORECASE)
_SEALED = re.compile(rf"^{SEALED_HEADER}:\s{{0,10}}([0-9a-f-]{{1,100}})", re.MULTILINE | re.IGNORECASE)
_ADDRESS = re.compile(r"[^@\s<>\"(),;:]{1,64}@[^@\s<>\"(),;:]{1,189}")
_NAMED_LINE = re.compile(r"^<([^<>\s]{3,254})>:", re.MULTILINE)
_XTEXT = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}|\+([0-9A-F]{2})")


def bounce_of(mail: Part, address: str, *, envelope_from: str | None, subject: str) -> Bounce | None:
    """Return what a mail reports about one of ours; None when it is no report."""
    texts = [_text(part) for part in mail.walk() if not part.parts]
    report = next((text for text in texts if _fields(text).get("action")), "")
    formal = bool(report) or _report_type(mail) == "delivery-status"
    if not formal and not _is_written(mail, address, envelope_from, subject, texts):
        return None
    fields = _fields(report)
    everything = "\n".join(texts)
    named = header_words(str(mail.headers.get("X-Failed-Recipients", "")))
    recipient = _address(fields.get("final-recipient", "") or fields.get("original-recipient", "") or named)
    action = fields.get("action", "").lower().split(" ")[0]
    failed = action == "failed" if action else not _is_late(subject, everything)
    if not formal and not recipient:
        recipient = _found_by_others(mail, texts)
    status = _STATUS.search(fields.get("status", "")) or _STATUS.search(texts[0] if texts else "")
    seals = [fields.get("original-envelope-id", ""), *_SEALED.findall(everything)]
    return Bounce(
        message_id=next(_named(mail, texts), None),
        status=status[1] if status else "5.0.0",
        recipient=recipient,
        failed=failed,
        seals=tuple(seal.strip() for seal in seals if seal.strip())[:5],
    )


def _is_written(mail: Part, address: str, envelope_from: str | None, subject: str, texts: list[str]) -> bool:
    """Tell whether this is a report in a server's own words. An answering machine has no sender either."""
    if (
        mail.headers.get("X-Failed-Recipients")
        or mail.headers.get("X-MS-Exchange-Message-Is-Ndr") is not None
    ):
        return True
    by_server = address.startswith(_POSTMASTERS) or envelope_from in ("", "<>")
    begins = any(text.lstrip(" \r\n\t*#-").lower().startswith(_BEGINNINGS) for text in texts)
    return by_server and (begins or any(word in subject.lower() for word in _SUBJECTS))


def _report_type(mail: Part) -> str:
    kind = attempt(lambda: str(mail.headers.get_param("report-type", ""))) or ""
    return kind.lower() if mail.kind == "multipart/report" else ""


def _is_late(subject: str, text: str) -> bool:
    lower = text[:4000].lower()
    late = any(word in subject.lower() for word in _LATE) or any(word in lower for word in _LATE[2:])
    return late and not any(word in lower for word in _GIVEN_UP)


def _fields(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in _FIELD.findall(text):
        found.setdefault(name.lower(), value.strip())
    return found


def _address(text: str) -> str:
    """Return the address of "rfc822; ann@example.com" and the like; those of RFC 6533 come as xtext."""
    kind, semicolon, rest = text.partition(";")
    bare = rest if semicolon else text
    if kind.strip().lower() == "utf-8":
        bare = _XTEXT.sub(lambda found: chr(min(int(found[1] or found[2], 16), 0x10FFFF)), bare)
    found = _ADDRESS.search(bare)
    return found[0].lower().rstrip(".") if found else ""


def _named(mail: Part, texts: list[str]) -> Iterator[UUID]:
    """Yield our mails that it may be about: the returned one first, then what it answers and names."""
    for text in texts:
        for header in _HAS_ID.findall(text):
            yield from our_message_ids(header)
    for name in ("In-Reply-To", "References"):
        yield from our_message_ids(str(mail.headers.get(name, ""))[:_BYTES_MAX])
    for text in texts:
        yield from our_message_ids(text)


def _text(part: Part) -> str:
    return cleaned(part.text_of(part.decoded(_BYTES_MAX))).replace("\r\n", "\n")


def _found_by_others(mail: Part, texts: list[str]) -> str:
    """Return the address that a detector with many servers' own wordings finds."""
    head = "".join(
        f"{name}: {value}\n"
        for name in ("From", "Subject", "X-Failed-Recipients", "X-Mailer")
        if (value := header_words(str(mail.headers.get(name, "")))[:500])
    )
    plain = message_from_bytes(
        f"{head}\n{texts[0] if texts else ''}".encode()[:_SCANNED_BYTES_MAX], policy=compat32
    )
    try:
        temporary, permanent = all_failures(plain)
    except Exception:  # a detector for a form of its own may raise on another one
        return ""
    for found in sorted(permanent) + sorted(temporary):
        address = _address(found.decode("utf-8", "replace"))
        if address and not our_message_ids(f"<{address}"):
            return address
    named = _NAMED_LINE.search(texts[0] if texts else "")
    return _address(named[1]) if named else ""
