"""A message as an e-mail: plain text, a plain HTML twin, and the headers that keep threads together."""

import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from html import escape
from uuid import UUID

from safar.channels.model import Author, Due
from safar.kernel.i18n import direction
from safar.kernel.text import shortened

_LINK = re.compile(r"https?://[^\s<>\"]{1,2000}[^\s<>\".,;:!?)\]]")
_OURS = re.compile(r"<?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})@", re.IGNORECASE)
_SUBJECT_MAX = 200
_BY_STAFF = (Author.STAFF, Author.CAMPAIGN)
_POLICY = SMTP.clone(max_line_length=200)


def message_id_header(message_id: UUID, mail_from: str) -> str:
    """Return the Message-ID of a message: the same for every attempt, so that receivers can tell."""
    return f"<{message_id}@{mail_from.rpartition('@')[2]}>"


def our_message_ids(references: str) -> list[UUID]:
    """Return the ids of our messages named in In-Reply-To and References headers, newest last."""
    return [UUID(found) for found in _OURS.findall(references)]


def compose(message: Due, *, mail_from: str, shop_name: str, own_url: str) -> bytes:
    """Return the mail as it goes over the wire. Raises ValueError when the address cannot be one.

    What the shop writes by itself links only to pages below `own_url`; what staff write links where they say.
    """
    local, _at, domain = message.address.rpartition("@")
    mail = EmailMessage(policy=_POLICY)
    from_local, _at, from_domain = mail_from.rpartition("@")
    mail["From"] = Address(shortened(shop_name, 100), from_local, from_domain)
    mail["To"] = Address(username=local, domain=domain)
    mail["Subject"] = shortened(message.subject or shop_name, _SUBJECT_MAX)
    mail["Date"] = message.at
    mail["Message-ID"] = message_id_header(message.id, mail_from)
    mail["Content-Language"] = message.language
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
    mail.set_content(message.body, charset="utf-8", cte="base64" if not message.body.isascii() else None)
    only = None if message.author in _BY_STAFF else own_url
    html = as_html(message.body, message.language, only=only)
    mail.add_alternative(html, subtype="html", charset="utf-8")
    return mail.as_bytes()


def as_html(text: str, language: str, *, only: str | None = None) -> str:
    """Return plain text as a small HTML page: paragraphs, line breaks, links that can be followed.

    With `only`, no address is a link but those of this site.
    """
    paragraphs = [part for part in re.split(r"\n[ \t]{0,100}\n", text.strip()) if part.strip()]
    body = "\n".join(f"<p>{_linked(part.strip(), only)}</p>" for part in paragraphs)
    return (
        f'<!doctype html><html lang="{escape(language)}" dir="{direction(language)}">'
        f'<meta charset="utf-8"><body>{body}</body></html>'
    )


def _linked(text: str, only: str | None) -> str:
    parts: list[str] = []
    position = 0
    for found in _LINK.finditer(text):
        url = escape(found.group())
        followed = only is None or found.group().startswith(only.rstrip("/") + "/")
        link = f'<a href="{url}">{url}</a>' if followed else url
        parts += [escape(text[position : found.start()]), link]
        position = found.end()
    return "".join([*parts, escape(text[position:])]).replace("\n", "<br>\n")
