"""The signed HTTP channel: its signature, its JSON both ways, and the addresses that it never asks."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st

from safar.channels.kinds.http.codes import CODES
from safar.channels.kinds.http.kind import KIND
from safar.channels.kinds.http.outside import is_outside
from safar.channels.kinds.http.sender import HttpSender
from safar.channels.kinds.http.signing import headers_for
from safar.channels.kinds.port import (
    CannotFetch,
    ChannelAccount,
    File,
    Happened,
    MessageNotice,
    MessagePart,
    NotAuthentic,
    NotUnderstood,
    OptOut,
    OutboundMessage,
    PartKind,
    Person,
    Post,
    Reachability,
    Said,
    Unreadable,
    Verdict,
    What,
)
from safar.kernel import clock
from safar.kernel.clock import held
from safar.kernel.ids import new_id
from safar.standins.base import Plan
from safar.standins.program import PROGRAM_SECRET, ProgramStandIn

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
ACCOUNT = ChannelAccount(
    id=new_id(), kind="http", name="kiosk", scope="kiosk.example", secrets={"secret": PROGRAM_SECRET}
)
SARA = Person("http", "u-7", "kiosk.example")
FROM = {"id": "u-7", "name": "Sara", "language": "fa", "email": "sara@example.org"}


def post(event: object, *, at: datetime = NOW, id_: str = "evt_1", secret: str = PROGRAM_SECRET) -> Post:
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    return Post(body=body, headers=headers_for(secret, id_, at, body))


def read(event: object) -> list[Happened]:
    return list(KIND.reader.read(ACCOUNT, post(event), NOW))


def test_a_message_is_read_whole_and_what_its_writer_gives_as_theirs_is_a_claim() -> None:
    file = {"url": "https://kiosk.example/a.png", "kind": "image", "mime": "image/png", "size": 9}
    event = {
        "type": "message", "id": "m-1", "from": FROM, "text": "hi", "at": "2026-12-01T14:00:00+03:30",
        "reply_to": "m-0", "files": [file],
    }  # fmt: skip
    part = MessagePart(kind=PartKind.IMAGE, source=file["url"], mime="image/png", size=9)  # type: ignore[arg-type]  # a text
    assert read(event) == [
        Said(
            external_id="m-1", people=(SARA,), address="u-7", text="hi", at=NOW - timedelta(minutes=90),
            name="Sara", parts=(part,), answers="m-0", hint="fa",
            data={"claims": {"email": "sara@example.org"}},
        )
    ]  # fmt: skip


def test_statuses_opt_outs_and_reachability_are_read() -> None:
    our_id = new_id()
    events = [
        {"type": "status", "status": "failed", "our_id": str(our_id), "code": "gone"},
        {"type": "status", "status": "reacted", "message": "m-1", "text": "👍", "from": FROM},
        {"type": "opt_out", "from": FROM, "text": "no more"},
        {"type": "reachability", "from": FROM, "reachable": False, "reason": "left"},
    ]
    failed, reacted, out, away = read({"events": events})
    assert failed == MessageNotice(what=What.FAILED, at=NOW, our_id=our_id, code="gone", verdict=Verdict.GONE)
    assert isinstance(reacted, MessageNotice)
    assert (reacted.what, reacted.key, reacted.text) == (What.REACTED, "u-7", "👍")
    assert out == OptOut((SARA,), NOW, "no more")
    assert away == Reachability((SARA,), "u-7", False, "left")


def test_fault_40_one_bad_event_of_fifty_keeps_none_of_the_others_out() -> None:
    events: list[object] = [{"type": "message", "id": f"m-{n}", "from": FROM, "text": "x"} for n in range(49)]
    events.insert(20, {"type": "message", "id": None, "from": 3})
    happened = read({"events": events})
    assert sum(isinstance(one, Said) for one in happened) == 49
    assert [type(one) for one in happened if not isinstance(one, Said)] == [NotUnderstood]


def test_a_message_without_an_id_is_known_by_that_of_its_post() -> None:
    (said,) = read({"type": "message", "from": FROM, "text": "x"})
    assert isinstance(said, Said)
    assert said.external_id == "evt_1"


@pytest.mark.parametrize("minutes", [-6, 6, 60 * 24 * 365])
def test_a_post_that_is_old_forged_or_not_signed_is_refused(minutes: int) -> None:
    event = {"type": "message", "id": "m-1", "from": FROM, "text": "x"}
    with held(NOW):
        KIND.reader.check(ACCOUNT, post(event))
        good = post(event)
        wrong = [
            post(event, at=NOW + timedelta(minutes=minutes)),
            post(event, secret="whsec_b3RoZXI="),
            replace(good, body=good.body + b" "),
            replace(good, headers={}),
            replace(good, headers={**good.headers, "webhook-id": "evt_2"}),
            replace(good, headers={**good.headers, "webhook-timestamp": "9" * 30}),
            replace(good, headers={**good.headers, "webhook-signature": "v2," + "é"}),
        ]
        for one in wrong:
            with pytest.raises(NotAuthentic):
                KIND.reader.check(ACCOUNT, one)
        with pytest.raises(NotAuthentic):
            KIND.reader.check(replace(ACCOUNT, secrets={}), good)


@pytest.mark.oracle
def test_the_reference_library_and_we_take_each_others_signatures() -> None:
    library, body, now = standardwebhooks.Webhook(PROGRAM_SECRET), b'{"type":"ping"}', clock.now()
    assert library.verify(body, headers_for(PROGRAM_SECRET, "evt_1", now, body)) == {"type": "ping"}
    seconds = str(int(now.timestamp()))
    signed = library.sign("evt_1", now, body.decode())
    headers = {"webhook-id": "evt_1", "webhook-timestamp": seconds, "webhook-signature": f"v1,AAAA {signed}"}
    KIND.reader.check(ACCOUNT, Post(body=body, headers=headers))


_LEAVES = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=9)
_NAMES = st.sampled_from(
    ["type", "id", "from", "text", "at", "files", "events", "url", "status", "our_id", "size"]
)
_JSON = st.recursive(
    _LEAVES | st.sampled_from(["message", "status", "opt_out", "reachability", "failed"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_NAMES, inner, max_size=6),
    max_leaves=20,
)


@given(_JSON | st.binary(max_size=100))
def test_the_reader_raises_nothing_but_unreadable(event: object) -> None:
    try:
        happened = read(event)
    except Unreadable:
        return
    assert not [one for one in happened if isinstance(one, NotUnderstood) and "mistake of ours" in one.reason]


@pytest.mark.parametrize(
    ("address", "outside"),
    [
        ("127.0.0.1", False), ("10.1.2.3", False), ("192.168.1.1", False), ("169.254.169.254", False),
        ("0.0.0.0", False), ("::1", False), ("::ffff:127.0.0.1", False), ("2002:7f00:1::", False),
        ("fd00::1", False), ("100.64.0.1", False), ("224.0.0.1", False), ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
    ],
)  # fmt: skip
def test_only_an_address_of_the_open_net_is_outside(address: str, outside: bool) -> None:
    assert is_outside(address) is outside


@pytest.fixture
async def program() -> AsyncIterator[ProgramStandIn]:
    async with ProgramStandIn().running() as running:
        yield running


@pytest.fixture
async def sender(program: ProgramStandIn) -> AsyncIterator[HttpSender]:
    details = {"url": program.url, "private": "yes", "timeout_s": "2"}
    async with httpx.AsyncClient() as client:
        yield HttpSender(replace(ACCOUNT, details=details), client)


def letter(text: str = "Hello", **more: Any) -> OutboundMessage:
    return OutboundMessage(**{"id": new_id(), "address": "u-7", "text": text, "language": "en", **more})


async def test_a_message_goes_signed_and_the_same_one_again_is_the_same(
    program: ProgramStandIn, sender: HttpSender
) -> None:
    sent = letter(files=(File("a.txt", "text/plain", b"words"),))
    first, again = await sender.send(sent), await sender.send(sent)
    assert first == again
    assert (first.verdict, first.external_ids) == (Verdict.SENT, (f"p-{sent.id}",))
    (message,) = program.taken.values()
    assert (message["to"], message["text"], message["files"][0]["content"]) == ("u-7", "Hello", "d29yZHM=")


@pytest.mark.parametrize("code", CODES)
async def test_every_documented_answer_has_its_one_meaning(
    program: ProgramStandIn, sender: HttpSender, code: str
) -> None:
    program.fail(code)
    assert (await sender.send(letter())).verdict is CODES[code]


async def test_what_is_taken_and_never_answered_is_unknown(
    program: ProgramStandIn, sender: HttpSender
) -> None:
    program.plan(Plan(silent=True))
    assert (await sender.send(letter())).verdict is Verdict.UNKNOWN
    assert len(program.taken) == 1


@pytest.mark.parametrize(
    "url", ["http://example.org/", "https://127.0.0.1/", "https://[::1]/", "https://u@x.org/"]
)
async def test_an_address_inside_is_not_asked_unless_somebody_has_allowed_it(url: str) -> None:
    async with httpx.AsyncClient() as client:
        sender = HttpSender(replace(ACCOUNT, details={"url": url}), client)
        assert (await sender.send(letter())).verdict is Verdict.ACCOUNT
        assert (await sender.health()).problem is not None
        with pytest.raises(CannotFetch):
            await sender.fetch(MessagePart(kind=PartKind.IMAGE, source=url), bytes_max=9)


async def test_files_are_fetched_and_how_the_program_stands_is_asked(
    program: ProgramStandIn, sender: HttpSender
) -> None:
    program.files["/a.png"] = b"png"
    part = MessagePart(kind=PartKind.IMAGE, source=f"{program.url}/a.png")
    assert (await sender.fetch(part, bytes_max=9)).content == b"png"
    assert (await sender.health()).problem is None
    program.secret = "whsec_b3RoZXI="
    assert (await sender.health()).sign_in
    assert (await sender.send(letter())).verdict is Verdict.SIGN_IN


async def test_statuses_that_it_posts_back_are_signed_and_name_our_message(
    program: ProgramStandIn, sender: HttpSender, serve: Any
) -> None:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    heard: list[Post] = []

    async def hear(request: Request) -> Response:
        heard.append(Post(body=await request.body(), headers=dict(request.headers)))
        return Response()

    program.webhook = await serve(Starlette(routes=[Route("/", hear, methods=["POST"])])) + "/"
    sent = letter()
    await sender.send(sent)
    await program.settled()
    KIND.reader.check(ACCOUNT, heard[0])
    (notice,) = KIND.reader.read(ACCOUNT, heard[0], clock.now())
    assert isinstance(notice, MessageNotice)
    assert (notice.what, notice.our_id) == (What.DELIVERED, sent.id)
    assert orjson.loads(heard[0].body)["message"] == f"p-{sent.id}"
