"""The files in a mail, and its HTML as it came: to be kept beside its message."""

from base64 import b64encode
from collections.abc import Iterator

from safar.channels.enclosures import opened_winmail
from safar.channels.inbound_mail import MailFile
from safar.channels.mail_text import is_winmail, name_of, one_line
from safar.channels.mime import Part, attempt

FILES_MAX = 25
_PAGE_BYTES_MAX = 1_000_000
_TEXT_KINDS = ("text/plain", "text/html")


def files_of(mail: Part) -> Iterator[MailFile]:
    """Yield the mail's HTML first, when it has any, and then at most 25 files in their order."""
    page = next((part for part in mail.walk() if part.kind == "text/html" and not part.is_attachment), None)
    if page is not None and page.body.strip():
        yield _page(page.text_of(page.decoded(_PAGE_BYTES_MAX)))
    count = 0
    for part in mail.walk():
        for file in _files_in(part, has_page=page is not None):
            if count >= FILES_MAX:
                return
            count += 1
            yield file


def _files_in(part: Part, *, has_page: bool) -> Iterator[MailFile]:
    if part.parts or not part.body.strip() or (part.kind in _TEXT_KINDS and not part.is_attachment):
        return
    content = part.decoded(len(part.body))
    if is_winmail(part) and (winmail := opened_winmail(content)) is not None:
        if winmail.html.strip() and not has_page:
            yield _page(winmail.html[:_PAGE_BYTES_MAX])
        for name, inner in winmail.files:
            yield _file(one_line(name), "application/octet-stream", inner)
        return
    content_id = attempt(lambda: str(part.headers.get("Content-ID", ""))) or ""
    yield _file(name_of(part), part.kind, content, content_id.strip().strip("<>")[:200])


def _file(name: str, mime: str, content: bytes, content_id: str = "") -> MailFile:
    kept = b64encode(content).decode()
    return MailFile(name=name, mime=mime, bytes=len(content), content=kept, content_id=content_id)


def _page(markup: str) -> MailFile:
    raw = markup.encode("utf-8", "replace")
    return MailFile(name="", mime="text/html", bytes=len(raw), content=b64encode(raw).decode(), page=True)
