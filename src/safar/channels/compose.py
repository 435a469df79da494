"""A message as an e-mail: plain text, its designed twin, and the headers that keep threads together."""

import re
from email.utils import format_datetime
from uuid import UUID

from safar.channels.design import MailLook, mail_page, paragraphs_of
from safar.channels.header_out import address_field, encoded_body, field, wire_address, words_field
from safar.channels.letters import ShopLetter, letter_of
from safar.channels.model import Author, Due
from safar.channels.returns import SEALED_HEADER
from safar.kernel.text import shortened

_OURS = re.compile(r"<?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})@", re.IGNORECASE)
_SUBJECT_MAX = 200
_BY_STAFF = (Author.STAFF, Author.CAMPAIGN)


def message_id_header(message_id: UUID, mail_from: str) -> str:
    """Return the Message-ID of a message: the same for every attempt, so that receivers can tell."""
    return f"<{message_id}@{mail_from.rpartition('@')[2]}>"


def our_message_ids(references: str) -> list[UUID]:
    """Return the ids of our messages named in In-Reply-To and References headers, newest last."""
    return [UUID(found) for found in _OURS.findall(references)]


def compose(message: Due, *, mail_from: str, look: MailLook, sender: str = "", sealed: str = "") -> bytes:
    """Return the mail as it goes over the wire. Raises ValueError when the address cannot be one.

    The text of what the shop writes by itself links only to pages below `look.url`; what staff write links
    where they say. `sender`: the name it comes from, empty for that of the shop. `sealed`: what proves a
    report about it.
    """
    subject = shortened(message.subject or look.name, _SUBJECT_MAX)
    head = [
        address_field("From", shortened(sender or look.name, 100), wire_address(mail_from)),
        field("To", wire_address(message.address)),
        words_field("Subject", subject),
        field("Date", format_datetime(message.at)),
        field("Message-ID", message_id_header(message.id, wire_address(mail_from))),
    ]
    if answered := _answered(message.in_reply_to):
        head += [field("In-Reply-To", answered), field("References", answered)]
    if message.author == Author.BOT:
        head.append(field("Auto-Submitted", "auto-replied"))  # RFC 3834: no machine must answer this
    elif message.author in (Author.CAMPAIGN, Author.SHOP):
        head.append(field("Auto-Submitted", "auto-generated"))
    if message.unsubscribe_url:
        head.append(field("List-Unsubscribe", f"<{message.unsubscribe_url}>"))
        head.append(field("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    if sealed:
        head.append(field(SEALED_HEADER, sealed))
    head += [field("Content-Language", message.language), field("MIME-Version", "1.0")]
    boundary = f"={message.id.hex}="  # no base64, and nothing that anybody writes
    head.append(field("Content-Type", "multipart/alternative;", f'boundary="{boundary}"'))
    line = f"--{boundary}".encode()
    parts = (_part("plain", message.body), _part("html", page_for(message, look)))
    return (
        b"".join(head)
        + b"\r\n"
        + b"\r\n".join([*(line + b"\r\n" + part for part in parts), line + b"--", b""])
    )


def _answered(header: str | None) -> str:
    """Return the id that is answered as a header can hold it: it came from somebody else."""
    return "".join(letter for letter in (header or "")[:800] if "!" <= letter <= "~")


def _part(kind: str, text: str) -> bytes:
    """Return a text as a part of a mail. Written here since email.message takes ten times as long for it."""
    how, body = encoded_body(text)
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
