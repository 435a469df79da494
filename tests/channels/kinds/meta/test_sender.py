"""Instagram and Messenger are asked as Meta documents, against a stand-in that checks."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from safar.channels.kinds.graph import graph_error, verdict_of
from safar.channels.kinds.meta.codes import CODES
from safar.channels.kinds.meta.kind import INSTAGRAM_TEXT, MESSENGER_TEXT
from safar.channels.kinds.meta.sender import MetaSender
from safar.channels.kinds.port import CannotFetch, Choice, File, MessagePart, PartKind, Verdict
from safar.kernel import clock
from safar.standins.base import Plan
from safar.standins.clock import LeapingClock
from safar.standins.meta import MetaStandIn
from safar.standins.meta_samples import INSTAGRAM_ID, PAGE_ID
from tests.channels.kinds.meta_accounts import INSTAGRAM, MESSENGER, OUR_ID, at, letter

BILL = File("bill.pdf", "application/pdf", b"%PDF-1.7")


@pytest.fixture(params=["page", "instagram"])
async def far(request: pytest.FixtureRequest) -> AsyncIterator[MetaStandIn]:
    far = MetaStandIn(about=request.param, clock=LeapingClock())
    async with far.running():
        await far.write("5501", message={"mid": "m_1", "text": "Hello"})
        yield far


@pytest.fixture
async def sender(far: MetaStandIn) -> AsyncIterator[MetaSender]:
    async with httpx.AsyncClient(trust_env=False) as client:
        if far.about == "instagram":
            yield MetaSender(at(INSTAGRAM, far.url), client, kind="instagram", text=INSTAGRAM_TEXT)
        else:
            yield MetaSender(at(MESSENGER, far.url), client, kind="messenger", text=MESSENGER_TEXT)


async def test_an_answer_carries_our_id_and_quotes(far: MetaStandIn, sender: MetaSender) -> None:
    result = await sender.send(letter("Yes", "5501", answers="m_1", last_heard_at=clock.now()))
    (taken,) = far.taken
    assert (result.verdict, result.external_ids) == (Verdict.SENT, (taken["id"],))
    assert taken["messaging_type"] == "RESPONSE"
    assert taken["message"] == {"text": "Yes", "reply_to": {"mid": "m_1"}, "metadata": str(OUR_ID)}


@pytest.mark.parametrize("text", ["سلام دوست من. " * 200, "नमस्ते जी। " * 200, "x" * 3000])
async def test_every_message_of_a_long_text_is_taken(far: MetaStandIn, sender: MetaSender, text: str) -> None:
    result = await sender.send(letter(text, "5501"))
    assert result.verdict is Verdict.SENT
    assert len(result.external_ids) == len(far.taken) > 1
    sent = "".join(taken["message"]["text"] for taken in far.taken)
    assert "".join(sent.split()) == "".join(text.split())


async def test_fault_36_after_a_day_only_people_answer_and_by_the_only_tag_there_is(
    far: MetaStandIn, sender: MetaSender
) -> None:
    assert isinstance(far.clock, LeapingClock)
    far.clock.leap(30 * 3600)
    late = clock.now() - timedelta(hours=30)
    assert (await sender.send(letter("Bot", "5501", last_heard_at=late))).verdict is Verdict.WINDOW
    assert not far.taken
    assert (await sender.send(letter("Ana", "5501", last_heard_at=late, human=True))).verdict is Verdict.SENT
    assert (far.taken[0]["messaging_type"], far.taken[0]["tag"]) == ("MESSAGE_TAG", "HUMAN_AGENT")
    later = clock.now() - timedelta(days=7)
    assert (
        await sender.send(letter("Ana", "5501", last_heard_at=later, human=True))
    ).verdict is Verdict.WINDOW
    far.clock.leap(7 * 24 * 3600)
    assert (
        await sender.send(letter("Ana", "5501", last_heard_at=late, human=True))
    ).verdict is Verdict.WINDOW


async def test_files_are_handed_over_and_answers_offered(far: MetaStandIn, sender: MetaSender) -> None:
    choices = (Choice("yes", "Yes"), Choice("no", "No"))
    result = await sender.send(letter("The bill", "5501", files=(BILL,), choices=choices))
    assert result.verdict is Verdict.SENT
    text, bill = far.taken
    assert [reply["payload"] for reply in text["message"]["quick_replies"]] == ["yes", "no"]
    assert bill["message"]["attachment"]["payload"]["attachment_id"] in far.attachments
    large = File("a.pdf", "application/pdf", b"0" * (25 * 1024 * 1024 + 1))
    assert (await sender.send(letter("", "5501", files=(large,)))).verdict is Verdict.REFUSED


async def test_somebody_of_another_page_is_gone_for_this_one(sender: MetaSender) -> None:
    result = await sender.send(letter("Hi", "777"))
    assert (result.verdict, result.code) == (Verdict.GONE, "100/2018001")


@pytest.mark.parametrize("code", ["190", "551/1545041", "613", "10/1893063", "2", "4/2018022", "100/1893061"])
async def test_codes_are_judged_with_their_subcode(far: MetaStandIn, sender: MetaSender, code: str) -> None:
    far.fail(code)
    result = await sender.send(letter("Hi", "5501"))
    assert (result.verdict, result.code) == (CODES[code], code)


def test_every_code_has_one_verdict_and_unknown_ones_are_judged_by_their_status() -> None:
    for code, verdict in CODES.items():
        number, _slash, subcode = code.partition("/")
        error = {"code": int(number)} | ({"error_subcode": int(subcode)} if subcode else {})
        assert verdict_of(CODES, graph_error(error)) is verdict
    for status, verdict in (
        (429, Verdict.AGAIN),
        (401, Verdict.SIGN_IN),
        (404, Verdict.REFUSED),
        (502, Verdict.UNKNOWN),
    ):
        assert verdict_of(CODES, graph_error({"code": 999_999}), status) is verdict


async def test_reading_and_typing_are_told(far: MetaStandIn, sender: MetaSender) -> None:
    await sender.seen("5501", "m_1", typing=True)
    actions = [heard.json()["sender_action"] for heard in far.requests("/messages")]
    assert actions == ["mark_seen", "typing_on"]


async def test_files_come_from_metas_places_only_and_without_a_token(
    far: MetaStandIn, sender: MetaSender
) -> None:
    for url in (
        "https://evil.example/a",
        "http://scontent.xx.fbcdn.net/a",
        "https://fbcdn.net.evil.example/a",
    ):
        with pytest.raises(CannotFetch, match="place for files"):
            await sender.fetch(MessagePart(kind=PartKind.IMAGE, source=url), bytes_max=10)
    with pytest.raises(CannotFetch):
        await sender.fetch(MessagePart(kind=PartKind.IMAGE, source=f"{far.url}/a.jpg"), bytes_max=1000)
    assert "authorization" not in far.requests("a.jpg")[0].headers


async def test_health_tells_of_the_account_and_of_a_dead_token(far: MetaStandIn, sender: MetaSender) -> None:
    assert (await sender.health()).subscribed is True
    far.token = "another"
    assert (await sender.health()).sign_in


async def test_without_a_page_instagram_is_asked_by_itself(far: MetaStandIn) -> None:
    if far.about == "page":
        return
    account = at(INSTAGRAM, far.url)
    account = account.__class__(
        id=account.id, kind="instagram", name="Shop", secrets=account.secrets,
        details={key: value for key, value in account.details.items() if key != "page_id"},
    )  # fmt: skip
    async with httpx.AsyncClient(trust_env=False) as client:
        sender = MetaSender(account, client, kind="instagram", text=INSTAGRAM_TEXT)
        assert (await sender.send(letter("Hi", "5501"))).verdict is Verdict.SENT
        assert (await sender.send(letter("Hi", "5501", files=(BILL,)))).verdict is Verdict.REFUSED
    assert [heard.path.split("/")[2] for heard in far.requests("/messages")] == [INSTAGRAM_ID]
    assert PAGE_ID not in {heard.path.split("/")[2] for heard in far.requests()}


async def test_an_echo_may_come_before_our_own_answer(far: MetaStandIn, sender: MetaSender) -> None:
    far.plan(Plan(effects_first=True))
    assert (await sender.send(letter("Yes", "5501"))).verdict is Verdict.SENT
