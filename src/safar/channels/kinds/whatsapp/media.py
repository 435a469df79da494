"""Files of WhatsApp: fetched by their id, and handed over before they are sent."""

import base64
import binascii
import hashlib
from urllib.parse import urlsplit

from safar.channels.kinds.asking import NoAnswer, NotAsked, TooLarge, ask_api
from safar.channels.kinds.graph import GraphApi, graph_error, refusal_of
from safar.channels.kinds.port import CannotFetch, Fetched, File, MessagePart, SendResult, Verdict
from safar.channels.kinds.reading import short, text_of
from safar.channels.kinds.whatsapp.codes import CODES
from safar.channels.kinds.whatsapp.request import MEDIA_BYTES, media_kind

_HOSTS = frozenset({"graph.facebook.com", "lookaside.fbsbx.com"})
_TIMEOUT_S = 60.0


async def upload(api: GraphApi, number_id: str, file: File) -> str | SendResult:
    """Return the id of a file that Meta has now, or how that ended: nothing was sent to anybody by it."""
    if len(file.content) > MEDIA_BYTES[media_kind(file)]:
        return SendResult(verdict=Verdict.REFUSED, reason="The file is larger than WhatsApp takes.")
    form = {"messaging_product": "whatsapp", "type": file.mime}
    try:
        answer = await api.ask(
            "POST",
            f"{number_id}/media",
            data=form,
            files={"file": (file.name, file.content, file.mime)},
            timeout_s=_TIMEOUT_S,
        )
    except (NotAsked, NoAnswer, TooLarge) as wrong:
        return SendResult(verdict=Verdict.AGAIN, reason=str(wrong), pause_s=5)
    media_id = short(answer.said.get("id"), 200)
    if answer.status == 200 and media_id:
        return media_id
    result = refusal_of(answer, CODES)
    if result.verdict is Verdict.UNKNOWN:
        return SendResult(verdict=Verdict.AGAIN, code=result.code, reason=result.reason, pause_s=5)
    return result


async def fetch(api: GraphApi, number_id: str, part: MessagePart, bytes_max: int) -> Fetched:
    """Return the bytes of a file that came in; where they are is asked for, and again once when that ended.

    Raises CannotFetch.
    """
    if not part.source or not all(character.isalnum() or character in "_-" for character in part.source):
        raise CannotFetch("The file has no id.")
    for last in (False, True):
        url, size, digest, mime = await _place(api, number_id, part)
        if size is not None and size > bytes_max:
            raise CannotFetch(f"The file has {size} bytes.")
        parts = urlsplit(url)
        ours = parts.netloc == api.host and url.startswith(api.base.partition("://")[0])
        if not ours and (parts.scheme != "https" or parts.netloc not in _HOSTS):
            raise CannotFetch(
                f"The file lies at {short(parts.netloc, 100)}, which is not Meta's place for files."
            )
        try:
            headers = {"authorization": f"Bearer {api.token}"}
            answer = await ask_api(
                api.client, "GET", url, headers=headers, bytes_max=bytes_max, timeout_s=_TIMEOUT_S
            )
        except TooLarge:
            raise CannotFetch(f"The file has more than {bytes_max} bytes.") from None
        except (NotAsked, NoAnswer) as wrong:
            raise CannotFetch(str(wrong), again=True) from None
        if answer.status == 200:
            _compare(answer.content, size, digest)
            _compare(answer.content, part.size, part.sha256)
            return Fetched(answer.content, mime or part.mime, part.name)
        if last or answer.status not in (401, 403, 404, 410):
            break
    raise CannotFetch(f"HTTP {answer.status}", again=answer.status >= 500)


async def _place(api: GraphApi, number_id: str, part: MessagePart) -> tuple[str, int | None, str, str]:
    try:
        answer = await api.ask("GET", part.source, params={"phone_number_id": number_id})
    except (NotAsked, NoAnswer, TooLarge) as wrong:
        raise CannotFetch(str(wrong), again=True) from None
    url = text_of(answer.said.get("url"))
    if answer.status != 200 or not url:
        error = graph_error(answer.said.get("error"))
        again = answer.status in (401, 429) or answer.status >= 500
        raise CannotFetch(error.reason or f"HTTP {answer.status}", again=again)
    size = text_of(answer.said.get("file_size"))
    number = int(size) if size.isascii() and size.isdigit() and len(size) < 15 else None
    return url, number, short(answer.said.get("sha256"), 100), short(answer.said.get("mime_type"), 100)


def _compare(content: bytes, size: int | None, digest: str) -> None:
    """Raise CannotFetch unless these are the bytes that were told of; a digest may be hex or base64."""
    if size is not None and size != len(content):
        raise CannotFetch(f"The file has {len(content)} bytes instead of {size}.", again=True)
    expected = _digest(digest)
    if expected and expected != hashlib.sha256(content).digest():
        raise CannotFetch("The file is not the one that was sent: its SHA-256 is another.", again=True)


def _digest(text: str) -> bytes:
    try:
        found = bytes.fromhex(text) if len(text) == 64 else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return b""
    return found if len(found) == 32 else b""
