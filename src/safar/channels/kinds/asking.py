"""How a provider is asked: one request within its time and size, that ends in one of three ways."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from safar.channels.kinds.port import SendResult, Verdict

if TYPE_CHECKING:
    import httpx

TIMEOUT_S = 10.0
JSON_BYTES_MAX = 2 * 1024 * 1024


class NotAsked(Exception):
    """The request did not leave us: it may be made again."""


class NoAnswer(Exception):
    """The request left us, and nobody can tell what became of it."""


class TooLarge(Exception):
    """The answer has more bytes than are taken."""


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """What a provider answered. `said`: the JSON object in it, empty when it is none."""

    status: int
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    said: Mapping[str, Any] = field(default_factory=dict)

    @property
    def retry_after_s(self) -> float:
        """How long we are asked to wait; 0 when it is not said."""
        text = self.headers.get("retry-after", "")
        return float(min(int(text), 3600)) if text.isascii() and text.isdigit() and len(text) < 9 else 0.0


async def ask_api(
    client: "httpx.AsyncClient",
    method: str,
    url: str,
    *,
    bytes_max: int = JSON_BYTES_MAX,
    timeout_s: float = TIMEOUT_S,
    **request: Any,
) -> ApiAnswer:
    """Make one request and return the whole answer; no redirect is followed, so that no token goes astray.

    Raises NotAsked, NoAnswer or TooLarge.
    """
    import httpx

    left = False
    try:
        async with (
            asyncio.timeout(timeout_s),
            client.stream(method, url, follow_redirects=False, timeout=timeout_s, **request) as response,
        ):
            left = True
            content = bytearray()
            async for piece in response.aiter_bytes():
                content += piece
                if len(content) > bytes_max:
                    raise TooLarge(f"more than {bytes_max} bytes")
    except (
        httpx.ConnectError,
        httpx.ConnectTimeout,
        httpx.PoolTimeout,
        httpx.UnsupportedProtocol,
        httpx.InvalidURL,
    ) as wrong:
        raise NotAsked(_word(wrong)) from None
    except (httpx.HTTPError, TimeoutError) as wrong:
        raise NoAnswer(_word(wrong) if left or not isinstance(wrong, TimeoutError) else "no answer") from None
    headers = {name.lower(): value for name, value in response.headers.items()}
    return ApiAnswer(response.status_code, bytes(content), headers, _said(bytes(content)))


def timeout_of(details: Mapping[str, str]) -> float:
    """Return within how many seconds an account's provider has to answer; its hidden setting says another."""
    return float(details.get("timeout_s") or TIMEOUT_S)


def _said(content: bytes) -> Mapping[str, Any]:
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _word(wrong: BaseException) -> str:
    return f"{type(wrong).__name__}: {wrong}"[:300].rstrip(": ")


def together(results: list[SendResult]) -> SendResult:
    """Return how a letter ended that left in several messages, of which the last one may have failed.

    A letter of which something was taken is never sent again as a whole: it ends as unknown, with the ids
    that are known.
    """
    ids = tuple(id_ for result in results for id_ in result.external_ids)
    last = results[-1]
    if last.verdict is Verdict.SENT:
        return SendResult(verdict=Verdict.SENT, external_ids=ids, moved_to=last.moved_to)
    if not ids:
        return last
    reason = f"only {len(ids)} of its messages were taken: {last.reason or last.verdict}"
    return SendResult(verdict=Verdict.UNKNOWN, external_ids=ids, code=last.code, reason=reason)
