"""A customer's browser without a screen: cookies, redirects, forms, and a second try when the line breaks."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin

import httpx

_TIMEOUT_S = 20.0
_TRIES_MAX = 240  # two minutes: on a busy machine a process that died is back after one
_PAUSE_S = 0.5
_BUSY = 503


@dataclass(slots=True)
class Form:
    """A form as it stands on a page: where it goes and what it would send."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(values.get("action", ""), values.get("method", "get").lower()))
        elif self.forms and values.get("name") and tag in ("input", "textarea"):
            chosen = values.get("type") not in ("radio", "checkbox", "submit") or "checked" in values
            if chosen:
                self.forms[-1].fields[values["name"]] = values.get("value", "")
        elif self.forms and tag == "select":
            self._select = values.get("name")
        elif self.forms and tag == "option" and self._select:
            fields = self.forms[-1].fields
            if self._select not in fields or "selected" in values:
                fields[self._select] = values.get("value", "")


class BrowserPage:
    """What the browser shows."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.path = response.url.path
        self.url = str(response.url)
        self.html = response.text

    def form(self, action: str) -> Form | None:
        """Return the first form whose address begins with `action`."""
        parser = _Forms()
        parser.feed(self.html)
        return next((form for form in parser.forms if form.action.startswith(action)), None)

    def links(self, pattern: str) -> list[str]:
        """Return the addresses that match, each once, in order."""
        found = re.findall(rf'href="({pattern})"', self.html)
        return list(dict.fromkeys(found))


class Browser:
    """One browser with its own cookies over a shared pool of connections."""

    def __init__(self, base: str, language: str, transport: httpx.AsyncBaseTransport) -> None:
        self._client = httpx.AsyncClient(
            base_url=base,
            transport=_Kept(transport),
            timeout=_TIMEOUT_S,
            follow_redirects=True,
            headers={"accept-language": language, "accept": "text/html"},
        )
        self.repeats = 0  # requests sent again without knowing what came of them

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def get(self, address: str) -> BrowserPage:
        return BrowserPage(await self._tried("GET", address))

    async def submit(self, page: BrowserPage, form: Form, **values: str) -> BrowserPage:
        """Send `form` as filled in, with `values` over what stands in it."""
        data = form.fields | values
        return BrowserPage(await self._tried(form.method.upper(), urljoin(page.url, form.action), data=data))

    async def json(self, address: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        """GET JSON, or POST `body` as JSON."""
        headers = {"accept": "application/json"}
        if body is None:
            return await self._tried("GET", address, headers=headers)
        return await self._tried("POST", address, headers=headers, json=body)

    async def _tried(self, method: str, address: str, **request: Any) -> httpx.Response:
        """Send a request, again while the server is away or busy: every write carries its own id."""
        for _attempt in range(_TRIES_MAX - 1):
            try:
                response = await self._client.request(method, address, **request)
            except httpx.TransportError:
                response = None
            if response is not None and response.status_code != _BUSY:
                return response
            self.repeats += 1
            await asyncio.sleep(_PAUSE_S)
        return await self._client.request(method, address, **request)


class _Kept(httpx.AsyncBaseTransport):
    """Lends a transport that others use too: closing a browser does not close it."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        return
