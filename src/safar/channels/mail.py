"""Reading an incoming mail: whatever it looks like, the result is a message or a reason why not."""

import re
from dataclasses import fields, replace
from email.message import EmailMessage
from email.utils import getaddresses
from typing import Any

from safar.channels.bounces import bounce_of
from safar.channels.compose import our_message_ids
from safar.channels.header_words import header_words, name_and_address, read_address
from safar.channels.inbound_mail import InboundMail, unread_mail
from safar.channels.mail_files import files_of
from safar.channels.mail_text import MailText, cleaned, fingerprint, mail_text_of
from safar.channels.mime import Part, read_parts
from safar.channels.quote_words import AWAY_SUBJECTS
from safar.channels.quotes import is_answer_subject, split_quoted
from safar.kernel.text import shortened

_ADDRESS = re.compile(r"[^@\s<>\"(),;:]{1,64}@[^@\s<>\"(),;:]{1,189}")
_BULK = frozenset({"bulk", "junk", "auto_reply"})
_OF_LISTS = ("List-Id", "List-Post", "List-Help", "List-Unsubscribe", "Mailing-List", "X-Google-Group-Id")
_HEADER_MAX = 500
_REFERENCES_MAX = 8000
_RESULTS_MAX = 10
_TEXT_MAX = 20_000
_NAMED_MAX = 20


def read_mail(raw: bytes, envelope_from: str | None, *, our_address: str) -> InboundMail:
    """Read a mail as it came by SMTP; never raises."""
    empty = unread_mail(raw)
    try:
        return _read(empty, read_parts(raw), envelope_from, our_address)
    except Exception as error:
        return replace(empty, error=f"unreadable: {type(error).__name__}")


def values_of_mail(body: bytes, envelope_from: str, known: str, our_address: str) -> dict[str, Any]:
    """Return a mail's fields but its raw form, for a process that reads it apart."""
    mail = read_mail(body, envelope_from if known else None, our_address=our_address)
    return {field.name: getattr(mail, field.name) for field in fields(mail) if field.name != "raw"}


def _read(empty: InboundMail, parts: Part, envelope_from: str | None, our_address: str) -> InboundMail:
    mail = parts.headers
    name, address = _sender(mail, envelope_from or "")
    header_id = _header(mail, "Message-ID").strip() or None
    subject = shortened(cleaned(_header(mail, "Subject")), 200)
    read = replace(
        empty,
        header_id=header_id if header_id and len(header_id) <= _HEADER_MAX and " " not in header_id else None,
        references=tuple(our_message_ids(_references(mail))),
        address=address,
        reply_to=_reply_to(mail, address),
        results=_results(mail),
        one_sender=_has_one_sender(mail),
        name=name or None,
        subject=subject,
        automatic=_is_automatic(mail, envelope_from, subject) or parts.kind == "multipart/report",
        for_people=_is_for_people(mail),
        bounce=bounce_of(parts, address, envelope_from=envelope_from, subject=subject),
    )
    if header_id:
        read = replace(read, external_id=f"{header_id[:800]} {address} {fingerprint(parts, subject)}")
    if read.bounce is not None:
        return read
    if not address:
        return replace(read, error="no sender that could be answered")
    if address == our_address.lower() and not read.reply_to:
        return replace(read, error="from our own address: a loop")
    words = mail_text_of(parts)
    is_answer = bool(_references(mail).strip()) or is_answer_subject(subject)
    said = split_quoted(words.lines, subject=subject, is_answer=is_answer)
    text = _shown(said.own, words) or subject
    return replace(
        read,
        text=text,
        folded=said.folded[:_TEXT_MAX],
        files=tuple(files_of(parts)),
        error=None if text.strip() else "empty: no text and no subject",
    )


def _shown(own: str, words: MailText) -> str:
    """Return the sender's words within their limit, and the names of what is attached."""
    text = own[:_TEXT_MAX].strip()
    if words.cut or len(own) > _TEXT_MAX:
        text += "\n[…]"
    names = f"\n\n[{', '.join(words.attached[:_NAMED_MAX])}]"[:1000] if words.attached else ""
    return (text + names).strip()


def _sender(mail: EmailMessage, envelope_from: str) -> tuple[str, str]:
    """Return name and address of who wrote; Reply-To is not believed for who someone is."""
    name, address = name_and_address(_raw(mail, "From"))
    if not _ADDRESS.fullmatch(address):
        name, address = "", envelope_from.strip("<>")
    if not _ADDRESS.fullmatch(address):
        return "", ""
    return shortened(cleaned(name), 100), read_address(address)


def _reply_to(mail: EmailMessage, sender: str) -> str:
    """Return the one other address that answers should go to."""
    address = read_address(name_and_address(_raw(mail, "Reply-To"))[1])
    return address if _ADDRESS.fullmatch(address) and address != sender else ""


def _results(mail: EmailMessage) -> tuple[str, ...]:
    found = [str(value) for key, value in mail.raw_items() if key.lower() == "authentication-results"]
    return tuple(" ".join(value[:_REFERENCES_MAX].split()) for value in found[:_RESULTS_MAX])


def _has_one_sender(mail: EmailMessage) -> bool:
    """Tell whether From is one address: of two, a server may have checked the other one."""
    found = [value for key, value in mail.raw_items() if key.lower() == "from"]
    try:
        return len(found) == 1 and len(getaddresses([_raw(mail, "From")])) == 1
    except RecursionError:
        return False


def _references(mail: EmailMessage) -> str:
    return f"{_header(mail, 'References', _REFERENCES_MAX)} {_header(mail, 'In-Reply-To')}"


def _header(mail: EmailMessage, name: str, length_max: int = _HEADER_MAX) -> str:
    """Return a header's text as a person reads it."""
    return cleaned(header_words(_raw(mail, name)))[:length_max]


def _raw(mail: EmailMessage, name: str) -> str:
    """Return the first header of that name as it stands there."""
    return next((str(value) for key, value in mail.raw_items() if key.lower() == name.lower()), "")


def _is_automatic(mail: EmailMessage, envelope_from: str | None, subject: str) -> bool:
    """Tell whether a machine wrote this (RFC 3834 and common practice): nobody waits for an answer."""
    submitted = _header(mail, "Auto-Submitted").lower()
    return (
        (submitted not in ("", "no"))
        or (_header(mail, "Precedence").lower() in _BULK and not _is_of_list(mail))
        or any(mail.get(name) is not None for name in ("X-Autoreply", "X-Autorespond"))
        or (envelope_from is not None and envelope_from in ("", "<>"))
        or subject.lower().startswith(AWAY_SUBJECTS)
    )


def _is_for_people(mail: EmailMessage) -> bool:
    """Tell whether only people may answer: an automatic answer to a list goes to everybody on it."""
    return _is_of_list(mail) or mail.get("X-Auto-Response-Suppress") is not None


def _is_of_list(mail: EmailMessage) -> bool:
    return _header(mail, "Precedence").lower() == "list" or any(name in mail for name in _OF_LISTS)
