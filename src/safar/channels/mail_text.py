"""The words of a mail: HTML to text, without what it quotes, without what cannot be stored."""

import re
from email.message import EmailMessage, Message
from html import unescape

import nh3

_TEXT_MAX = 20_000
_READ_MAX = 2_000_000
_BREAKS = re.compile(r"<(?:br|/p|/div|/li|/tr|/h[1-6])\b[^>]*>", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_QUOTE_BEGINS = re.compile(
    r"^(?:"
    r"On .{5,200} wrote:"
    r"|Em .{5,200} escreveu:"
    r"|(?:در|در تاریخ) .{5,200} نوشت:"
    r"|.{5,200} ने लिखा:"
    r"|-{2,}\s*(?:Original Message|Mensagem original|Forwarded message|پیام اصلی|मूल संदेश)\s*-{2,}"
    r"|_{10,}"
    r"|-- "
    r")\s*$",
    re.IGNORECASE,
)
_BLANKS = re.compile(r"\n{3,}")


def cleaned(text: str) -> str:
    """Return `text` as the database can store it: no NUL, no control characters, no half characters."""
    return _CONTROL.sub("", text.encode("utf-8", "replace").decode("utf-8"))


def text_of(mail: EmailMessage) -> str:
    """Return the words of the mail: its plain text, or its HTML reduced to text; attachments are named."""
    plain: list[str] = []
    markup: list[str] = []
    attached: list[str] = []
    for part in mail.walk():
        if part.is_multipart():
            continue
        kind = part.get_content_type()
        if part.get_content_disposition() == "attachment" or kind not in ("text/plain", "text/html"):
            attached.append(cleaned(part.get_filename() or kind))
        else:
            (plain if kind == "text/plain" else markup).append(_decoded(part))
    text = "\n".join(plain).strip() or "\n".join(map(html_to_text, markup)).strip()
    names = f"\n\n[{', '.join(attached[:20])}]" if attached else ""
    return _BLANKS.sub("\n\n", cleaned(text.replace("\r\n", "\n")))[:_TEXT_MAX].strip() + names[:1000]


def html_to_text(markup: str) -> str:
    """Return the text of HTML. nh3 drops every tag, and scripts and styles with what is in them."""
    broken = _BREAKS.sub(lambda found: found.group() + "\n", markup.replace("\r", " "))
    bare = nh3.clean(broken, tags=set(), clean_content_tags={"script", "style", "title", "head"})
    lines = (" ".join(line.split()) for line in unescape(bare).splitlines())
    return "\n".join(lines)


def without_quote(text: str) -> str:
    """Return what was newly written: up to the quoted mail or the signature; empty when that is nothing."""
    kept: list[str] = []
    for line in text.splitlines():
        if _QUOTE_BEGINS.match(line):
            break
        if not line.startswith(">"):
            kept.append(line.rstrip())
    return _BLANKS.sub("\n\n", "\n".join(kept)).strip()


def _decoded(part: Message) -> str:
    """Return a part's text whatever its headers claim about its encoding."""
    payload = part.get_payload(decode=True)
    body = payload[:_READ_MAX] if isinstance(payload, bytes) else b""
    charset = part.get_content_charset() or "utf-8"
    try:
        return body.decode(charset, "replace")
    except LookupError:
        return body.decode("utf-8", "replace")
