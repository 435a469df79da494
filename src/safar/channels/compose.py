"""A message as an e-mail: plain text, its designed twin, and the headers that keep threads together."""

import base64
import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from uuid import UUID

from safar.channels.design import MailLook, mail_page, paragraphs_of
from safar.channels.letters import ShopLetter, letter_of
from safar.channels.model import Author, Due
from safar.kernel.text import shortened

_OURS = re.compile(r"<?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})@", re.IGNORECASE)
_SUBJECT_MAX = 200
_LINE_MAX = 200  # of a plain part; RFC 5322 allows 998
_BY_STAFF = (Author.STAFF, Author.CAMPAIGN)
_POLICY = SMTP.clone(max_line_length=200)


def message_id_header(message_id: UUID, mail_from: str) -> str:
    """Return the Message-ID of a message: the same for every attempt, so that receivers can tell."""
    return f"<{message_id}@{mail_from.rpartition('@')[2]}>"


def our_message_ids(references: str) -> list[UUID]:
    """Return the ids of our messages named in In-Reply-To and References headers, newest last."""
    return [UUID(found) for found in _OURS.findall(references)]


def compose(message: Due, *, mail_from: str, look: MailLook, sender: str = "") -> bytes:
    """Return the mail as it goes over the wire. Raises ValueError when the address cannot be one.

    The text of what the shop writes by itself links only to pages below `look.url`; what staff write links
    where they say. `sender`: the name it comes from, empty for that of the shop.
    """
    local, _at, domain = message.address.rpartition("@")
    mail = EmailMessage(policy=_POLICY)
    from_local, _at, from_domain = mail_from.rpartition("@")
    mail["From"] = Address(shortened(sender or look.name, 100), from_local, from_domain)
    mail["To"] = Address(username=local, domain=domain)
    mail["Subject"] = shortened(message.subject or look.name, _SUBJECT_MAX)
    mail["Date"] = message.at
    mail["Message-ID"] = message_id_header(message.id, mail_from)
    if message.in_reply_to:
        mail["In-Reply-To"] = message.in_reply_to
        mail["References"] = message.in_reply_to
    if message.author == Author.BOT:
        mail["Auto-Submitted"] = "auto-replied"  # RFC 3834: another machine must not answer this
    elif message.author in (Author.CAMPAIGN, Author.SHOP):
        mail["Auto-Submitted"] = "auto-generated"
    if message.unsubscribe_url:
        mail["List-Unsubscribe"] = f"<{message.unsubscribe_url}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    boundary = f"={message.id.hex}="  # no base64, and nothing that anybody writes
    mail["Content-Language"] = message.language
    kind = f'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="{boundary}"\r\n'
    head = b"".join(mail.policy.fold_binary(name, value) for name, value in mail.raw_items()) + kind.encode()
    line = f"--{boundary}".encode()
    parts = (_part("plain", message.body), _part("html", page_for(message, look)))
    return b"\r\n".join([head, *(line + b"\r\n" + part for part in parts), line + b"--", b""])


def _part(kind: str, text: str) -> bytes:
    """Return a text as a part of a mail. Written here since email.message takes ten times as long for it."""
    lines = text.splitlines()
    if text.isascii() and all(len(line) <= _LINE_MAX for line in lines):
        how, body = "7bit", "\r\n".join(lines).encode()
    else:
        how, body = "base64", base64.encodebytes(text.encode("utf-8", "replace")).replace(b"\n", b"\r\n")
    head = f'Content-Type: text/{kind}; charset="utf-8"\r\nContent-Transfer-Encoding: {how}\r\n\r\n'
    return head.encode() + body + b"\r\n"


def page_for(message: Due, look: MailLook) -> str:
    """Return the message as the page that mail programs show."""
    written = letter_of(message.letter)
    letter = written or ShopLetter("", {}, paragraphs_of(message.body))
    return mail_page(
        letter,
        subject=shortened(message.subject or look.name, _SUBJECT_MAX),
        language=message.language,
        look=look,
        only=None if message.author in _BY_STAFF else look.url,
        unsubscribe=message.unsubscribe_url or "",
        heading=written is not None,
    )
