"""What a stand-in heard and what it was answered, to be looked at afterwards."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.datastructures import UploadFile
from starlette.requests import Request

Effect = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that came in a form."""

    name: str
    mime: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A request as it came. `headers` in lower case; `fields` and `uploads`: of a form.

    `effects`: what the provider does of its own accord afterwards (a status, an echo); see `later`.
    """

    at: datetime
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    pairs: tuple[tuple[str, str], ...] = ()
    uploads: Mapping[str, SentFile] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)

    @property
    def fields(self) -> dict[str, str]:
        return dict(self.pairs)

    def json(self) -> Any:
        """Return the body as JSON. Raises ValueError."""
        return orjson.loads(self.body)

    def later(self, effect: Effect) -> None:
        """Have `effect` happen once this was answered, or before, as it was planned."""
        self.effects.append(effect)


@dataclass(frozen=True, slots=True)
class Posted:
    """What was posted to somebody, and how they answered; `status` 0: not at all."""

    at: datetime
    url: str
    body: bytes
    headers: Mapping[str, str]
    status: int
    answer: bytes = b""
    answer_headers: Mapping[str, str] = field(default_factory=dict)


async def heard_of(request: Request, at: datetime) -> Heard:
    """Read a request whole."""
    body = await request.body()
    pairs: list[tuple[str, str]] = []
    uploads: dict[str, SentFile] = {}
    content_type = request.headers.get("content-type", "")
    if content_type.startswith("application/x-www-form-urlencoded"):
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    elif content_type.startswith("multipart/form-data"):
        async with request.form() as form:
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    uploads[name] = SentFile(
                        value.filename or "", value.content_type or "", await value.read()
                    )
                else:
                    pairs.append((name, value))
    return Heard(
        at=at,
        method=request.method,
        path=request.url.path,
        query=dict(request.query_params),
        headers=dict(request.headers),
        body=body,
        pairs=tuple(pairs),
        uploads=uploads,
    )
