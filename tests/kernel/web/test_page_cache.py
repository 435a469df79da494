"""A page that many ask for at once is made once, belongs to everybody with its key, and never grows old."""

import asyncio
from collections.abc import Hashable
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from safar.kernel import clock
from safar.kernel.web.page_cache import PageCache, request_id_of, tell_when_sent

_NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


class _Pages:
    """An application that counts how often it makes a page, and can be held up."""

    def __init__(self) -> None:
        self.made = 0
        self.status = 200
        self.headers: list[tuple[bytes, bytes]] = [(b"content-type", b"text/html")]
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.made += 1
        number = self.made
        await self.go_on.wait()
        tell_when_sent(scope, scope["path"])
        body = f"{scope['path']} {number} {request_id_of(scope)}".encode()
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": body[:5], "more_body": True})
        await send({"type": "http.response.body", "body": body[5:]})


def _key(scope: Scope) -> Hashable | None:
    return scope["path"] if scope["path"] != "/cart" else None


async def _get(app: ASGIApp, path: str = "/p/mug", method: str = "GET") -> tuple[int, list[str]]:
    sent: list[Any] = []

    async def receive() -> Message:
        raise AssertionError("nobody reads the body of a GET")

    async def send(message: Message) -> None:
        sent.append(message)

    await app({"type": "http", "method": method, "path": path}, receive, send)
    return sent[0]["status"], b"".join(m["body"] for m in sent[1:]).decode().split()


def _cache(pages: _Pages, noted: list[object], **limits: Any) -> PageCache:
    return PageCache(pages, key=_key, noted=lambda _scope, what: noted.append(what), **limits)


async def test_a_page_is_made_once_and_its_forms_never_share_a_request_id() -> None:
    pages, noted = _Pages(), []  # type: ignore[var-annotated]
    cache = _cache(pages, noted)
    with clock.held(_NOW):
        answers = [await _get(cache) for _ in range(3)]
    assert pages.made == 1
    assert {(status, body[0], body[1]) for status, body in answers} == {(200, "/p/mug", "1")}
    assert len({body[2] for _status, body in answers}) == 3
    assert noted == ["/p/mug"] * 3, "a view counts, whoever made the page"


async def test_a_page_is_made_anew_when_its_moment_is_over() -> None:
    pages = _Pages()
    cache = _cache(pages, [], fresh_s=1.0)
    with clock.held(_NOW):
        await _get(cache)
    with clock.held(_NOW + timedelta(seconds=1.1)):
        assert (await _get(cache))[1][1] == "2"


async def test_of_many_at_once_one_makes_the_page_and_all_get_it() -> None:
    pages = _Pages()
    pages.go_on.clear()
    cache = _cache(pages, [])
    asking = [asyncio.create_task(_get(cache)) for _ in range(50)]
    await asyncio.sleep(0)
    pages.go_on.set()
    answers = await asyncio.gather(*asking)
    assert pages.made == 1
    assert {body[1] for _status, body in answers} == {"1"}


async def test_while_a_page_is_made_anew_others_get_the_one_before_it_if_it_is_not_old() -> None:
    pages = _Pages()
    cache = _cache(pages, [], fresh_s=1.0, stale_s=5.0)
    with clock.held(_NOW):
        await _get(cache)
    pages.go_on.clear()
    with clock.held(_NOW + timedelta(seconds=2)):
        making = asyncio.create_task(_get(cache))
        await asyncio.sleep(0)
        assert (await _get(cache))[1][1] == "1"
    with clock.held(_NOW + timedelta(seconds=6)):
        waiting = asyncio.create_task(_get(cache))
        await asyncio.sleep(0)
        assert not waiting.done(), "six seconds old is too old to show"
    pages.go_on.set()
    assert {(await making)[1][1], (await waiting)[1][1]} <= {"2", "3"}


async def test_errors_and_answers_with_a_cookie_are_kept_for_nobody() -> None:
    pages = _Pages()
    cache = _cache(pages, [])
    pages.status = 404
    await _get(cache)
    pages.status = 200
    pages.headers = [(b"set-cookie", b"cart=1")]
    await _get(cache)
    await _get(cache)
    assert pages.made == 3


async def test_writes_and_pages_of_one_visitor_go_past_the_cache() -> None:
    pages = _Pages()
    cache = _cache(pages, [])
    for _again in range(2):
        await _get(cache, "/cart")
        await _get(cache, method="POST")
    assert pages.made == 4


async def test_the_cache_stays_within_its_bytes_and_forgets_what_was_asked_for_least() -> None:
    pages = _Pages()
    cache = _cache(pages, [], bytes_max=20)
    with clock.held(_NOW):
        for path in ("/p/a", "/p/b", "/p/a", "/p/c"):
            await _get(cache, path)
    assert cache._bytes <= 20 or len(cache._pages) == 1
    assert list(cache._pages)[-1] == "/p/c"
