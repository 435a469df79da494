"""Shedding: browsing first, then search, then new carts, never who pays; a light page that comes back."""

import asyncio
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from safar.front.shed import RETRY_S_LEAST, RETRY_S_MOST, Priority, ShedLayer, priority_of
from safar.kernel.errors import Overloaded
from safar.kernel.i18n import LANGUAGES, speaking

_ORDER = [
    Priority.OUTSIDE, Priority.BROWSING, Priority.SEARCH, Priority.NEW_CART, Priority.OTHER,
    Priority.NEVER_SHED,
]  # fmt: skip


def scope_of(path: str, method: str = "GET", query: str = "", accept: str = "text/html") -> Scope:
    return {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(b"accept", accept.encode())],
    }


async def ask(layer: ShedLayer, scope: Scope) -> list[Message]:
    said: list[Message] = []

    async def send(message: Message) -> None:
        said.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    await layer(scope, receive, send)
    return said


def slow(going_on: asyncio.Event) -> Callable[[Scope, Receive, Send], object]:
    async def answer(_scope: Scope, _receive: Receive, send: Send) -> None:
        await going_on.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    return answer


@pytest.mark.parametrize(("method", "path", "query", "priority"), [
    ("GET", "/", "", Priority.BROWSING), ("GET", "/p/mug", "", Priority.BROWSING),
    ("GET", "/c/kitchen", "", Priority.BROWSING), ("GET", "/", "q=mug", Priority.SEARCH),
    ("GET", "/search", "q=mug", Priority.SEARCH), ("POST", "/cart/lines", "", Priority.NEW_CART),
    ("GET", "/cart", "", Priority.OTHER), ("POST", "/cart/lines/MUG", "", Priority.OTHER),
    ("GET", "/wait/poll", "", Priority.OTHER), ("POST", "/checkout", "", Priority.NEVER_SHED),
    ("GET", "/checkout", "", Priority.NEVER_SHED), ("POST", "/buy", "", Priority.NEVER_SHED),
    ("GET", "/pay/x", "", Priority.NEVER_SHED), ("GET", "/orders/x", "", Priority.NEVER_SHED),
])  # fmt: skip
def test_each_request_has_its_worth(method: str, path: str, query: str, priority: Priority) -> None:
    assert priority_of(scope_of(path, method, query)) is priority


@given(st.integers(1, 3000), st.integers(0, 4000))
def test_what_is_worth_more_is_never_shed_before_what_is_worth_less(at_once_max: int, now: int) -> None:
    layer = ShedLayer(slow(asyncio.Event()), at_once_max=at_once_max)  # type: ignore[arg-type]
    layer._now = now
    taken = [layer.takes(priority) for priority in _ORDER]
    assert taken == sorted(taken)
    assert taken[-1]


async def test_newcomers_are_shed_while_those_inside_are_still_answered() -> None:
    layer = ShedLayer(
        slow(asyncio.Event()),  # type: ignore[arg-type]
        at_once_max=100,
        inside=lambda scope: b"pass" in dict(scope["headers"]).get(b"cookie", b""),
    )
    layer._now = int(0.6 * layer.limit.value)
    refused = await ask(layer, scope_of("/p/mug"))
    assert refused[0]["status"] == Overloaded.status
    guest = scope_of("/p/mug")
    guest["headers"].append((b"cookie", b"pass=1"))
    for scope in (guest, scope_of("/wait/poll"), scope_of("/checkout", "POST")):
        answer = asyncio.create_task(ask(layer, scope))
        await asyncio.sleep(0)
        assert not answer.done()
        answer.cancel()


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
async def test_one_request_too_many_is_refused_lightly_and_the_next_is_served(accept: str) -> None:
    going_on = asyncio.Event()
    layer = ShedLayer(slow(going_on), at_once_max=2)  # type: ignore[arg-type]
    page = scope_of("/", accept=accept)
    served = [asyncio.create_task(ask(layer, page)) for _ in range(2)]
    await asyncio.sleep(0)
    with speaking("fa"):
        refused = await ask(layer, page)
    assert refused[0]["status"] == Overloaded.status
    assert len(refused[1]["body"]) < 5000
    others = [
        asyncio.create_task(ask(layer, scope_of(path, method)))
        for method, path in (("POST", "/checkout"), ("GET", "/health"))
    ]
    going_on.set()
    answers = await asyncio.gather(*served, *others)
    assert [said[0]["status"] for said in answers] == [200] * 4
    assert (await ask(layer, page))[0]["status"] == 200


async def test_what_is_shed_comes_back_by_itself_at_a_moment_of_its_own() -> None:
    layer = ShedLayer(slow(asyncio.Event()), at_once_max=1)  # type: ignore[arg-type]
    layer._now = 10
    moments = set()
    for language in LANGUAGES:
        with speaking(language):
            for _ in range(40):
                head, body = await ask(layer, scope_of("/p/mug"))
                headers = dict(head["headers"])
                found = re.search(rb'<meta http-equiv="refresh" content="(\d+)">', body["body"])
                assert found is not None
                assert found[1] == headers[b"retry-after"]
                assert b"'sha256-" in headers[b"content-security-policy"]
                assert len(body["body"]) < 5000
                moments.add(int(found[1]))
    assert moments <= set(range(RETRY_S_LEAST, RETRY_S_MOST + 1))
    assert len(moments) > 1
    _head, body = await ask(layer, scope_of("/cart/lines", "POST"))
    assert b'; url=/"' in body["body"]


async def test_many_newcomers_who_are_shed_come_back_later_and_few_soon_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = 0.0
    monkeypatch.setattr("safar.front.shed.time.monotonic", lambda: at)
    layer = ShedLayer(
        slow(asyncio.Event()),  # type: ignore[arg-type]
        at_once_max=1,
        inside=lambda scope: scope["path"] == "/p/inside",
    )
    layer._now = 10

    async def second(count: int) -> list[int]:
        nonlocal at
        retries = []
        for _ in range(count):
            at += 1 / count
            head, _body = await ask(layer, scope_of("/p/mug", accept="application/json"))
            retries.append(int(dict(head["headers"])[b"retry-after"]))
        return retries

    assert max(await second(20)) <= RETRY_S_MOST
    await second(2000)
    many = await second(2000)
    assert min(many) > RETRY_S_MOST
    assert max(many) <= 6 * RETRY_S_MOST
    head, _body = await ask(layer, scope_of("/p/inside"))
    assert int(dict(head["headers"])[b"retry-after"]) <= RETRY_S_MOST
    await second(20)
    assert max((await second(20))[1:]) <= RETRY_S_MOST


def test_the_limit_of_a_process_falls_when_its_pages_slow_down(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = ShedLayer(slow(asyncio.Event()))  # type: ignore[arg-type]
    at = 0.0
    monkeypatch.setattr("safar.front.shed.time.monotonic", lambda: at)
    layer._measured = at

    def seconds(count: int, latency_s: float) -> None:
        nonlocal at
        for _ in range(4 * count):
            at += 0.25
            layer._most = int(layer.limit.value)
            for _page in range(10):
                layer.note(latency_s)

    seconds(5, 0.02)
    before = layer.limit.value
    seconds(10, 0.02)
    assert layer.limit.value > before
    seconds(10, 1.0)
    assert layer.limit.value < before / 2


@pytest.mark.finding("security-11")
@pytest.mark.parametrize(("method", "path"), [
    ("GET", "/orders/x"), ("GET", "/pay/x/back"), ("POST", "/checkout"), ("POST", "/buy"), ("POST", "/leave"),
])  # fmt: skip
async def test_a_path_alone_is_shed_like_others_and_a_proof_never(method: str, path: str) -> None:
    proven = {"so": False}
    layer = ShedLayer(slow(asyncio.Event()), at_once_max=5, buying=lambda _scope: proven["so"])  # type: ignore[arg-type]
    layer._now = 5
    assert (await ask(layer, scope_of(path, method)))[0]["status"] == Overloaded.status
    proven["so"] = True
    answer = asyncio.create_task(ask(layer, scope_of(path, method)))
    await asyncio.sleep(0)
    assert not answer.done()
    assert layer._now == 5, "who buys has a count of their own"
    answer.cancel()


@pytest.mark.finding("security-30")
async def test_those_who_buy_are_like_others_past_the_limit_of_their_network() -> None:
    going_on = asyncio.Event()
    layer = ShedLayer(slow(going_on), at_once_max=1, network=lambda scope: scope["query_string"].decode())  # type: ignore[arg-type]
    layer._now = 5
    many = [asyncio.create_task(ask(layer, scope_of("/checkout", "POST", "one"))) for _ in range(100)]
    await asyncio.sleep(0)
    assert (await ask(layer, scope_of("/checkout", "POST", "one")))[0]["status"] == Overloaded.status
    other = asyncio.create_task(ask(layer, scope_of("/checkout", "POST", "other")))
    going_on.set()
    assert {said[0]["status"] for said in await asyncio.gather(*many, other)} == {200}
    assert not layer._buying_of


@pytest.mark.finding("security-11")
async def test_nothing_is_uncounted() -> None:
    going_on = asyncio.Event()
    layer = ShedLayer(slow(going_on), at_once_max=3)  # type: ignore[arg-type]
    streams = [asyncio.create_task(ask(layer, scope_of("/chat/stream"))) for _ in range(3)]
    health = [asyncio.create_task(ask(layer, scope_of("/health"))) for _ in range(32)]
    await asyncio.sleep(0)
    for path in ("/chat/stream", "/health"):
        assert (await ask(layer, scope_of(path)))[0]["status"] == Overloaded.status
    going_on.set()
    answers = await asyncio.gather(*streams, *health)
    assert {said[0]["status"] for said in answers} == {200}


@pytest.mark.finding("security-12")
async def test_an_open_stream_counts_no_longer_as_work() -> None:
    going_on = asyncio.Event()

    async def open_for_long(_scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await going_on.wait()

    layer = ShedLayer(open_for_long, at_once_max=1)
    streams = []
    for _stream in range(20):
        streams.append(asyncio.create_task(ask(layer, scope_of("/chat/stream"))))
        await asyncio.sleep(0)
        assert layer._now == 0
    going_on.set()
    await asyncio.gather(*streams)
    assert layer._now == 0
