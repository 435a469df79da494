"""WhatsApp is asked as it documents, against a stand-in that checks; every answer has one meaning."""

import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from safar.channels.kinds.graph import graph_error, verdict_of
from safar.channels.kinds.port import (
    CannotFetch,
    Choice,
    File,
    MessageNotice,
    MessagePart,
    PartKind,
    Template,
    Verdict,
    What,
)
from safar.channels.kinds.whatsapp.codes import CODES
from safar.channels.kinds.whatsapp.kind import KIND
from safar.channels.kinds.whatsapp.reader import WhatsAppReader
from safar.channels.kinds.whatsapp.sender import WhatsAppSender
from safar.kernel import clock
from safar.standins.base import Plan
from safar.standins.clock import LeapingClock
from safar.standins.meta_samples import NUMBER_ID, USER_ID
from safar.standins.whatsapp import WhatsAppStandIn
from tests.channels.kinds.meta_accounts import NOW, OUR_ID, WHATSAPP, at, letter

PICTURE = File("mug.png", "image/png", b"\x89PNG\r\n\x1a\n" + b"0" * 64)
BILL = File("bill.pdf", "application/pdf", b"%PDF-1.7")
TEMPLATES: list[dict[str, Any]] = [
    {
        "name": "order",
        "language": "pt_BR",
        "status": "APPROVED",
        "category": "UTILITY",
        "components": [
            {"type": "HEADER", "format": "TEXT", "text": "Pedido {{1}}"},
            {"type": "BODY", "text": "Olá {{1}}, chega {{2}}."},
            {"type": "BUTTONS", "buttons": [{"type": "URL", "url": "https://shop.example/{{1}}"}]},
        ],
    },
    {
        "name": "named",
        "language": "en",
        "status": "APPROVED",
        "category": "MARKETING",
        "components": [
            {"type": "HEADER", "format": "IMAGE"},
            {"type": "BODY", "text": "Hello {{first_name}}"},
        ],
    },
    {"name": "gone", "language": "en", "status": "PAUSED", "category": "MARKETING", "components": []},
]


@pytest.fixture
async def far() -> AsyncIterator[WhatsAppStandIn]:
    far = WhatsAppStandIn(clock=LeapingClock())
    far.templates = list(TEMPLATES)
    async with far.running():
        yield far


@pytest.fixture
async def sender(far: WhatsAppStandIn) -> AsyncIterator[WhatsAppSender]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield WhatsAppSender(at(WHATSAPP, far.url), client)


async def test_a_text_leaves_with_our_id_and_quotes_what_it_answers(
    far: WhatsAppStandIn, sender: WhatsAppSender
) -> None:
    result = await sender.send(letter("Yes, in blue", answers="wamid.theirs"))
    (taken,) = far.taken
    assert (result.verdict, result.external_ids) == (Verdict.SENT, (taken["id"],))
    assert taken["to"] == "+16505551234"
    assert taken["context"] == {"message_id": "wamid.theirs"}
    assert taken["biz_opaque_callback_data"] == str(OUR_ID)
    (heard,) = far.requests("/messages")
    assert heard.headers["authorization"] == "Bearer EAAG-token"


async def test_somebody_without_a_number_is_written_to_by_their_id(
    far: WhatsAppStandIn, sender: WhatsAppSender
) -> None:
    assert (await sender.send(letter(address=USER_ID))).verdict is Verdict.SENT
    assert far.taken[0]["recipient"] == USER_ID
    assert "to" not in far.taken[0]


async def test_a_long_text_leaves_in_several_messages_of_one_letter(
    far: WhatsAppStandIn, sender: WhatsAppSender
) -> None:
    result = await sender.send(letter("शुभ प्रभात। " * 800, answers="wamid.theirs"))
    assert result.verdict is Verdict.SENT
    assert result.external_ids == tuple(taken["id"] for taken in far.taken)
    assert len(far.taken) == 3
    assert ["context" in taken for taken in far.taken] == [True, False, False]


async def test_a_letter_of_which_a_part_was_taken_is_never_sent_again(
    far: WhatsAppStandIn, sender: WhatsAppSender
) -> None:
    far.plan(Plan(), Plan(code="130429"))
    result = await sender.send(letter("x" * 5000))
    assert (result.verdict, result.external_ids) == (Verdict.UNKNOWN, (far.taken[0]["id"],))


async def test_buttons_and_lists_offer_answers(far: WhatsAppStandIn, sender: WhatsAppSender) -> None:
    for count, kind in ((2, "button"), (7, "list")):
        choices = tuple(Choice(f"id{n}", f"Choice {n}") for n in range(count))
        assert (await sender.send(letter("Which one?", choices=choices))).verdict is Verdict.SENT
        assert far.taken[-1]["interactive"]["type"] == kind
    await sender.send(
        letter("Which one?", choices=(Choice("a", "a title that is longer than a button takes"),))
    )
    assert far.taken[-1]["type"] == "text"


async def test_fault_50_files_are_handed_over_and_never_linked_to(
    far: WhatsAppStandIn, sender: WhatsAppSender
) -> None:
    result = await sender.send(letter("This one", files=(PICTURE, BILL)))
    assert result.verdict is Verdict.SENT
    picture, bill = far.taken
    assert (picture["type"], picture["image"]["caption"]) == ("image", "This one")
    assert (bill["type"], bill["document"]["filename"]) == ("document", "bill.pdf")
    assert "link" not in picture["image"]
    assert far.media[picture["image"]["id"]] == (PICTURE.content, "image/png")


async def test_fault_51_a_picture_that_is_too_large_is_a_document(
    far: WhatsAppStandIn, sender: WhatsAppSender
) -> None:
    large = replace(PICTURE, content=b"0" * (5 * 1024 * 1024 + 1))
    assert (await sender.send(letter("", files=(large,)))).verdict is Verdict.SENT
    assert far.taken[0]["type"] == "document"


async def test_fault_19_templates_leave_with_their_variables_files_and_language(
    far: WhatsAppStandIn, sender: WhatsAppSender
) -> None:
    variables = {"header.1": "42", "1": "Ana\nSouza", "2": "amanhã", "button.0": "o/42"}
    result = await sender.send(letter(template=Template(name="order", language="pt_BR", variables=variables)))
    assert result.verdict is Verdict.SENT
    named = Template(name="named", language="en", variables={"first_name": "Ana"})
    assert (await sender.send(letter(template=named, files=(PICTURE,)))).verdict is Verdict.SENT
    assert far.taken[0]["template"]["language"] == {"code": "pt_BR"}


@pytest.mark.parametrize(
    ("template", "code"),
    [
        (Template(name="order", language="pt", variables={}), "132001"),
        (Template(name="order", language="pt_BR", variables={"1": "Ana"}), "132000"),
        (Template(name="order", language="pt_BR", variables={"1": "a", "name": "b"}), "132000"),
        (Template(name="order", language="pt_BR", variables={"1": "a", "3": "b"}), "132000"),
        (Template(name="gone", language="en"), "132015"),
    ],
)
async def test_a_template_that_is_not_what_we_think_says_so(
    sender: WhatsAppSender, template: Template, code: str
) -> None:
    result = await sender.send(letter(template=template))
    assert (result.verdict, result.code) == (Verdict.TEMPLATE, code)


async def test_fault_18_after_24_hours_free_words_are_refused_before_anybody_is_asked(
    far: WhatsAppStandIn, sender: WhatsAppSender
) -> None:
    late = clock.now() - timedelta(hours=24)
    assert (await sender.send(letter(last_heard_at=late, human=True))).verdict is Verdict.WINDOW
    assert not far.requests("/messages")
    assert (await sender.send(letter(last_heard_at=late + timedelta(minutes=1)))).verdict is Verdict.SENT


@pytest.mark.parametrize("code", sorted(CODES))
async def test_each_code_has_one_verdict_wherever_it_stands(
    far: WhatsAppStandIn, sender: WhatsAppSender, code: str
) -> None:
    if code not in _BY_HTTP:
        assert verdict_of(CODES, graph_error({"code": int(code)})) is CODES[code]
        return
    far.fail(code)
    result = await sender.send(letter())
    assert (result.verdict, result.code) == (CODES[code], code)
    assert (result.pause_s > 0) is (result.verdict in (Verdict.AGAIN, Verdict.SLOWER))
    assert result.pair is (code == "131056")
    assert not far.taken


_BY_HTTP = {"0", "190", "4", "10", "100", "368", "80007", "130429", "131000", "131016", "131047", "131048",
            "131050", "131056", "132001", "133004", "200"}  # fmt: skip


async def test_only_what_was_refused_before_it_was_taken_may_be_sent_again() -> None:
    again = {code for code, verdict in CODES.items() if verdict is Verdict.AGAIN}
    assert again == {"4", "80007", "130429", "131056", "132069", "134101", "2494100"}


async def test_what_is_taken_and_never_answered_is_unknown(
    far: WhatsAppStandIn, sender: WhatsAppSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("safar.channels.kinds.asking.ask_api.__kwdefaults__", {
        "bytes_max": 2**21, "timeout_s": 0.3,
    })  # fmt: skip
    far.plan(Plan(silent=True))
    result = await sender.send(letter())
    assert result.verdict is Verdict.UNKNOWN
    assert len(far.taken) == 1


async def test_what_never_left_may_be_sent_again() -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        nobody = WhatsAppSender(at(WHATSAPP, "http://127.0.0.1:9"), client)
        assert (await nobody.send(letter())).verdict is Verdict.AGAIN
        assert (await nobody.health()).problem


async def test_the_rates_of_a_number_and_of_a_pair_are_told_apart(
    far: WhatsAppStandIn, sender: WhatsAppSender
) -> None:
    results = [await sender.send(letter()) for _n in range(46)]
    assert (results[-1].code, results[-1].pair) == ("131056", True)
    others = [await sender.send(letter(address=f"+4470000{n:05}")) for n in range(40)]
    assert (others[-1].code, others[-1].pair) == ("130429", False)


async def test_reading_and_typing_are_told(far: WhatsAppStandIn, sender: WhatsAppSender) -> None:
    await sender.seen("+16505551234", "wamid.theirs", typing=True)
    (heard,) = far.requests("/messages")
    assert heard.json() == {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": "wamid.theirs",
        "typing_indicator": {"type": "text"},
    }


async def test_fault_59_all_templates_are_listed_page_by_page(
    far: WhatsAppStandIn, sender: WhatsAppSender
) -> None:
    plain = {"status": "APPROVED", "category": "UTILITY", "components": []}
    far.templates += [
        {"name": f"t{n}", "language": code, **plain} for n in range(300) for code in ("en", "fa", "hi")
    ]
    listed = await sender.templates()
    assert len(listed) == 903
    assert {one.language for one in listed if one.name == "t299"} == {"en", "fa", "hi"}
    order, named = listed[0], listed[1]
    assert (order.category, order.status, order.text) == ("utility", "approved", "Olá {{1}}, chega {{2}}.")
    assert order.variables == ("header.1", "1", "2", "button.0")
    assert (named.variables, named.file) == (("first_name",), PartKind.IMAGE)


def _part(far: WhatsAppStandIn, content: bytes = b"picture", **more: Any) -> MessagePart:
    media_id = far.keep(content, "image/jpeg")
    return MessagePart(kind=PartKind.IMAGE, source=media_id, **more)


async def test_a_file_that_came_in_is_fetched_and_compared(
    far: WhatsAppStandIn, sender: WhatsAppSender
) -> None:
    right = hashlib.sha256(b"picture").hexdigest()
    fetched = await sender.fetch(_part(far, sha256=right, size=7), bytes_max=100)
    assert (fetched.content, fetched.mime) == (b"picture", "image/jpeg")
    assert far.requests(NUMBER_ID) == []
    for wrong in (_part(far, sha256="0" * 64), _part(far, size=8), replace(_part(far), source="../x")):
        with pytest.raises(CannotFetch):
            await sender.fetch(wrong, bytes_max=100)
    with pytest.raises(CannotFetch, match="bytes"):
        await sender.fetch(_part(far), bytes_max=3)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/x",
        "http://lookaside.fbsbx.com/x",
        "https://lookaside.fbsbx.com.evil.example/x",
        "https://lookaside.fbsbx.com@evil.example/x",
        "http://127.0.0.1:1/x",
        "file:///etc/passwd",
    ],
)
async def test_the_token_goes_to_no_other_host(
    far: WhatsAppStandIn, sender: WhatsAppSender, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(far, "_place", lambda _media_id, _heard: {"url": url})
    with pytest.raises(CannotFetch, match="place for files"):
        await sender.fetch(_part(far), bytes_max=100)


async def test_health_tells_of_the_number_and_of_a_dead_token(
    far: WhatsAppStandIn, sender: WhatsAppSender
) -> None:
    health = await sender.health()
    assert (health.problem, health.subscribed, health.sign_in) == (None, True, False)
    assert "+1 555-078-3881" in health.detail
    far.token = "another"
    dead = await sender.health()
    assert dead.sign_in
    assert dead.problem


async def test_fault_30_a_status_may_come_before_our_own_answer_and_carries_our_id(
    far: WhatsAppStandIn, sender: WhatsAppSender, posts: "Posts"
) -> None:
    far.webhook_url = posts.url
    far.plan(Plan(effects_first=True))
    result = await sender.send(letter())
    notices = posts.notices()
    assert [one.what for one in notices] == [What.SENT, What.DELIVERED, What.READ]
    assert {(one.our_id, one.external_id) for one in notices} == {(OUR_ID, result.external_ids[0])}


async def test_fault_01_and_39_a_whole_batch_comes_again_until_it_is_taken_and_in_twins(
    far: WhatsAppStandIn, posts: "Posts"
) -> None:
    far.webhook_url, far.copies = posts.url, 2
    posts.refuse = 4
    await far.write(far.text_from("16505551234", "One"), far.text_from("16505551234", "Two"))
    assert len(posts.bodies) == 6
    assert len(set(posts.bodies)) == 1


async def test_free_words_outside_the_window_are_taken_and_fail_afterwards(
    far: WhatsAppStandIn, sender: WhatsAppSender, posts: "Posts"
) -> None:
    far.webhook_url = posts.url
    await far.write(far.text_from("16505551234", "Hello"))
    assert isinstance(far.clock, LeapingClock)
    far.clock.leap(25 * 3600)
    assert (await sender.send(letter())).verdict is Verdict.SENT
    await far.settled()
    (failed,) = posts.notices()
    assert (failed.what, failed.code, failed.verdict, failed.our_id) == (
        What.FAILED, "131047", Verdict.WINDOW, OUR_ID,
    )  # fmt: skip


class Posts:
    """A webhook that keeps what it is posted; `refuse`: how many are answered with an error first."""

    def __init__(self) -> None:
        self.url, self.refuse = "", 0
        self.bodies: list[bytes] = []

    def notices(self) -> list[MessageNotice]:
        from safar.channels.kinds.port import Post

        told = (one for body in self.bodies for one in WhatsAppReader().read(WHATSAPP, Post(body=body), NOW))
        return [one for one in told if isinstance(one, MessageNotice)]


@pytest.fixture
async def posts(serve: Callable[..., Any]) -> Posts:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    from safar.channels.kinds.port import Post

    posts = Posts()

    async def take(request: Request) -> Response:
        body = await request.body()
        WhatsAppReader().check(WHATSAPP, Post(body=body, headers=dict(request.headers)))
        posts.bodies.append(body)
        if posts.refuse:
            posts.refuse -= 1
            return Response(status_code=503)
        return Response()

    posts.url = await serve(Starlette(routes=[Route("/", take, methods=["POST"])]))
    return posts


def test_the_kind_says_what_the_channel_can_do() -> None:
    assert KIND.scope({"portfolio_id": "7"}) == "7"
    assert [(rate.scope, rate.most, rate.seconds) for rate in KIND.rates] == [
        ("account", 80, 1.0),
        ("address", 1, 6.0),
        ("people", 250, 86400.0),
    ]
