"""What every stand-in can do: remember, fail as planned, limit, post again, and keep silent."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from safar.standins.base import Plan, RateScope, StandIn
from safar.standins.clock import LeapingClock
from safar.standins.heard import Heard
from tests.stage.serving import Serve


class _Pigeons(StandIn):
    """Takes letters; a letter is reported to `report` afterwards."""

    rates = (RateScope("to one roof", 2, 10.0, lambda heard: heard.query.get("roof")),)

    def __init__(self) -> None:
        super().__init__(LeapingClock())
        self.report = ""
        self.letters: list[bytes] = []

    async def answer(self, heard: Heard) -> Response:
        self.letters.append(heard.body)
        if self.report:
            heard.later(lambda: self.post(self.report, b"arrived", {"x-pigeon": "1"}))
        return JSONResponse({"fields": heard.fields, "files": [u.name for u in heard.uploads.values()]})

    def problem(self, code: str, heard: Heard) -> Response:
        return JSONResponse({"code": code}, status_code=400)

    def too_many(self, rate: RateScope, wait_s: float, heard: Heard) -> Response:
        return JSONResponse({"rate": rate.name, "wait": wait_s}, status_code=429)


@pytest.fixture
async def pigeons() -> AsyncIterator[_Pigeons]:
    async with _Pigeons().running() as running:
        yield running


@pytest.fixture
async def client(pigeons: _Pigeons) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=pigeons.url, timeout=5) as client:
        yield client


async def test_what_was_asked_is_remembered_whole(pigeons: _Pigeons, client: httpx.AsyncClient) -> None:
    answer = await client.post("/fly?x=1", data={"to": "roof"}, files={"leaf": ("a.txt", b"words")})
    assert answer.json() == {"fields": {"to": "roof"}, "files": ["a.txt"]}
    await client.post("/fly", json={"a": 1})
    form, json = pigeons.requests("fly", "POST")
    assert (form.query, form.uploads["leaf"].content) == ({"x": "1"}, b"words")
    assert json.json() == {"a": 1}


async def test_the_next_requests_fail_late_or_refused_as_planned_and_the_others_do_not(
    pigeons: _Pigeons, client: httpx.AsyncClient
) -> None:
    pigeons.fail("storm", times=2, path="fly")
    pigeons.plan(Plan(path="fly", delay_s=3))
    assert (await client.post("/walk")).status_code == 200
    assert [(await client.post("/fly")).status_code for _turn in range(4)] == [400, 400, 200, 200]
    assert isinstance(pigeons.clock, LeapingClock)
    assert pigeons.clock.waited == [3]
    assert len(pigeons.letters) == 3, "what is refused is not carried out"


async def test_a_request_that_is_never_answered_is_carried_out(
    pigeons: _Pigeons, client: httpx.AsyncClient
) -> None:
    pigeons.plan(Plan(silent=True))
    with pytest.raises(httpx.ReadTimeout):
        await client.post("/fly", content=b"coo", timeout=0.3)
    assert pigeons.letters == [b"coo"]


async def test_a_rate_holds_for_its_key_and_ends_with_its_time(
    pigeons: _Pigeons, client: httpx.AsyncClient
) -> None:
    assert [(await client.post("/fly?roof=a")).status_code for _turn in range(3)] == [200, 200, 429]
    assert (await client.post("/fly?roof=b")).status_code == 200
    pigeons.clock.leap(10)  # type: ignore[attr-defined]  # a LeapingClock
    assert (await client.post("/fly?roof=a")).status_code == 200


async def test_what_it_does_of_its_own_accord_comes_after_the_answer_or_before_it_and_in_copies(
    pigeons: _Pigeons, client: httpx.AsyncClient, serve: Serve
) -> None:
    told: list[tuple[bytes, str]] = []
    answered = asyncio.Event()

    async def hear(request: Request) -> Response:
        told.append((await request.body(), "after" if answered.is_set() else "before"))
        return Response(status_code=500 if len(told) < 4 else 200)

    pigeons.report = await serve(Starlette(routes=[Route("/", hear, methods=["POST"])]))
    pigeons.plan(Plan(effects_first=True))
    await client.post("/fly")
    answered.set()
    assert told == [(b"arrived", "before")]
    pigeons.copies = 2
    await client.post("/fly")
    await pigeons.settled()
    assert told[1:] == [(b"arrived", "after")] * 2
    assert [posted.status for posted in pigeons.posted] == [500] * 3


async def test_a_post_goes_out_again_until_it_is_taken_or_dies(pigeons: _Pigeons, serve: Serve) -> None:
    answers = iter([500, 0, 404, 200])

    async def hear(request: Request) -> Response:
        return Response(status_code=next(answers) or 503)

    url = await serve(Starlette(routes=[Route("/", hear, methods=["POST"])]))
    posted = await pigeons.post_until_taken(url, b"x", {}, pauses=[1, 2, 4, 8])
    assert posted is not None
    assert posted.status == 200
    assert isinstance(pigeons.clock, LeapingClock)
    assert pigeons.clock.waited == [1, 2, 4]
    dead = pigeons.clock.now()
    assert await pigeons.post_until_taken(url, b"x", {}, pauses=[1], dies_at=dead) is None
    nobody = "http://127.0.0.1:9/"
    assert await pigeons.post_until_taken(nobody, b"x", {}, pauses=[1]) is None
    assert pigeons.posted[-1].status == 0
