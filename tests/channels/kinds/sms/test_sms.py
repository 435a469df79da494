"""SMS by Twilio: what is read of its posts, what is sent, and of how many parts a text is."""

import hashlib
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from twilio.request_validator import RequestValidator

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
    Said,
    Unreadable,
    Verdict,
    What,
)
from safar.channels.kinds.sms.codes import CODES
from safar.channels.kinds.sms.kind import KIND
from safar.channels.kinds.sms.segments import segments_of
from safar.channels.kinds.sms.sender import SmsSender
from safar.kernel.ids import new_id
from safar.standins.base import Plan
from safar.standins.twilio import ACCOUNT_SID, AUTH_TOKEN, NUMBER, Media, TwilioStandIn, twilio_signature
from tests.stage.serving import Serve

NOW = datetime(2026, 12, 1, tzinfo=UTC)
SARA = Person("phone", "+989121234567")
URL = "https://shop.example/channels/k"
ACCOUNT = ChannelAccount(
    id=new_id(),
    kind="sms",
    name="number",
    key="k",
    public_url="https://shop.example",
    details={"account_sid": ACCOUNT_SID, "sender": NUMBER},
    secrets={"auth_token": AUTH_TOKEN},
)
FORM = "application/x-www-form-urlencoded"


def post(
    fields: dict[str, str] | list[tuple[str, str]], *, url: str = URL, signature: str | None = None
) -> Post:
    pairs = list(fields.items()) if isinstance(fields, dict) else fields
    signature = twilio_signature(AUTH_TOKEN, url, pairs) if signature is None else signature
    headers = {"content-type": FORM, "x-twilio-signature": signature}
    return Post(body=urlencode(pairs).encode(), headers=headers, url=url)


def read(fields: dict[str, str], url: str = URL) -> list[Happened]:
    return list(KIND.reader.read(ACCOUNT, post(fields, url=url), NOW))


def inbound(text: str = "hello", **more: str) -> dict[str, str]:
    return {"MessageSid": "SM1", "From": SARA.value, "To": NUMBER, "Body": text, "NumMedia": "0", **more}


def test_a_message_with_its_pictures_is_read_whole() -> None:
    media = {
        "NumMedia": "2", "MediaUrl0": "https://api.twilio.com/a", "MediaContentType0": "image/jpeg",
        "MediaUrl1": "https://api.twilio.com/b", "MediaContentType1": "text/x-vcard",
    }  # fmt: skip
    (said,) = read(inbound("look", FromCountry="IR", SomethingNew="1", **media))
    parts = (
        MessagePart(kind=PartKind.IMAGE, source="https://api.twilio.com/a", mime="image/jpeg"),
        MessagePart(kind=PartKind.CONTACT, source="https://api.twilio.com/b", mime="text/x-vcard"),
    )
    assert said == Said(
        external_id="SM1",
        people=(SARA,),
        address=SARA.value,
        text="look",
        at=NOW,
        parts=parts,
        data={"country": "IR"},
    )


def test_a_short_code_is_nobodys_phone() -> None:
    (said,) = read(inbound(From="24242"))
    assert isinstance(said, Said)
    assert (said.people, said.automatic) == ((Person("sms", "24242"),), True)


@pytest.mark.parametrize(
    ("text", "told", "given"),
    [
        ("STOP", "", False), (" stop ", "", False), ("Cancel", "", False), ("OptOut", "", False),
        ("basta", "STOP", False), ("START", "", True), ("yes", "START", True), ("yes", "", None),
        ("stop sending the blue one", "", None), ("HELP", "HELP", None),
    ],
)  # fmt: skip
def test_a_word_that_stops_is_an_opt_out_and_start_takes_it_back(
    text: str, told: str, given: bool | None
) -> None:
    happened = read(inbound(text, **({"OptOutType": told} if told else {})))
    outs = [one for one in happened if isinstance(one, OptOut)]
    assert [out.given for out in outs] == ([] if given is None else [given])
    assert isinstance(happened[-1], Said)


@pytest.mark.parametrize(
    ("status", "what"),
    [("sent", What.SENT), ("delivered", What.DELIVERED), ("read", What.READ), ("undelivered", What.FAILED)],
)
def test_a_status_names_its_message_by_twilios_id_and_by_ours(status: str, what: What) -> None:
    our_id = new_id()
    fields = {"MessageSid": "SM9", "MessageStatus": status, "To": SARA.value}
    if what is What.FAILED:
        fields["ErrorCode"] = "30005"
    (notice,) = read(fields, f"{URL}?m={our_id}")
    assert isinstance(notice, MessageNotice)
    assert (notice.what, notice.external_id, notice.our_id) == (what, "SM9", our_id)
    assert notice.verdict is (Verdict.GONE if what is What.FAILED else None)


def test_an_opt_out_that_comes_as_an_error_is_one() -> None:
    happened = read({"MessageSid": "S", "MessageStatus": "failed", "ErrorCode": "21610", "To": SARA.value})
    assert [type(one) for one in happened] == [MessageNotice, OptOut]
    assert read({"MessageSid": "S", "MessageStatus": "queued"}) == []


@pytest.mark.parametrize("port", [None, 443])
@pytest.mark.parametrize("written", ["", ":443"])
def test_a_signature_counts_with_and_without_the_port(port: int | None, written: str) -> None:
    fields = list(inbound().items())
    url = f"https://shop.example{written}/channels/k?m=1"
    signature = twilio_signature(AUTH_TOKEN, url.replace(":443", ""), fields, port=port)
    KIND.reader.check(ACCOUNT, post(fields, url=url, signature=signature))


def test_equal_pairs_are_signed_once_and_a_body_that_is_no_form_by_its_digest() -> None:
    pairs = [("MessageSid", "SM1"), ("Body", "b"), ("Body", "a"), ("Body", "b")]
    KIND.reader.check(ACCOUNT, post(pairs))
    url, body = URL, b'{"a": 1}'
    signature = twilio_signature(AUTH_TOKEN, url, body=body)
    full = f"{url}?bodySHA256=" + hashlib.sha256(body).hexdigest()
    headers = {"content-type": "application/json", "x-twilio-signature": signature}
    KIND.reader.check(ACCOUNT, Post(body=body, headers=headers, url=full))
    with pytest.raises(NotAuthentic):
        KIND.reader.check(ACCOUNT, Post(body=b'{"a": 2}', headers=headers, url=full))


@pytest.mark.oracle
def test_twilios_own_validator_takes_our_signatures_and_refuses_what_was_altered() -> None:
    validator, fields = RequestValidator(AUTH_TOKEN), inbound("سلام & ما", FromCountry="IR")
    signature = twilio_signature(AUTH_TOKEN, URL, list(fields.items()))
    assert validator.validate(URL, fields, signature)
    KIND.reader.check(ACCOUNT, post(fields, signature=signature))
    dice = random.Random(1)
    for _time in range(20):
        name = dice.choice(sorted(fields))
        altered = {**fields, name: fields[name] + dice.choice("abc")}
        assert not validator.validate(URL, altered, signature)
        with pytest.raises(NotAuthentic):
            KIND.reader.check(ACCOUNT, post(altered, signature=signature))
    for url in (f"{URL}/", URL.replace("https", "http"), f"{URL}?x=1"):
        with pytest.raises(NotAuthentic):
            KIND.reader.check(ACCOUNT, post(fields, url=url, signature=signature))
    with pytest.raises(NotAuthentic):
        KIND.reader.check(
            replace(ACCOUNT, secrets={}),
            post(fields, signature=twilio_signature("", URL, list(fields.items()))),
        )


@given(st.dictionaries(st.sampled_from([*inbound(), "MessageStatus", "ErrorCode", "OptOutType"]), st.text()))
def test_the_reader_raises_nothing_but_unreadable(fields: dict[str, str]) -> None:
    body = urlencode({name: value.encode("utf-8", "replace") for name, value in fields.items()}).encode()
    try:
        for one in KIND.reader.read(ACCOUNT, Post(body=body, headers={"content-type": FORM}, url=URL), NOW):
            assert isinstance(one, Said | MessageNotice | OptOut | NotUnderstood)
    except Unreadable:
        return


@given(st.binary(max_size=200), st.text(max_size=50))
def test_no_bytes_and_no_address_break_the_reader(body: bytes, url: str) -> None:
    form = Post(
        body=body,
        headers={"content-type": FORM, "x-twilio-signature": url},
        url="https://shop.example/" + url,
    )
    with pytest.raises(NotAuthentic):
        KIND.reader.check(ACCOUNT, form)
    try:
        KIND.reader.read(ACCOUNT, form, NOW)
    except Unreadable:
        return


@pytest.mark.parametrize(
    ("text", "count", "encoding"),
    [
        ("", 0, "GSM-7"), ("a" * 160, 1, "GSM-7"), ("a" * 161, 2, "GSM-7"), ("a" * 306, 2, "GSM-7"),
        ("a" * 307, 3, "GSM-7"), ("€" * 80, 1, "GSM-7"), ("€" * 81, 2, "GSM-7"),
        ("a" * 152 + "€" * 76, 2, "GSM-7"),
        ("a" * 152 + "€" * 77, 3, "GSM-7"), ("’", 1, "UCS-2"),
        ("س" * 70, 1, "UCS-2"), ("س" * 71, 2, "UCS-2"),
        ("س" * 134, 2, "UCS-2"), ("س" * 135, 3, "UCS-2"), ("😀" * 35, 1, "UCS-2"), ("😀" * 36, 2, "UCS-2"),
        ("😀" * 67, 3, "UCS-2"), ("नमस्ते", 1, "UCS-2"),
    ],
)  # fmt: skip
def test_a_text_is_of_so_many_sms(text: str, count: int, encoding: str) -> None:
    segments = segments_of(text)
    assert (segments.count, segments.encoding) == (count, encoding)


@pytest.fixture
async def twilio() -> AsyncIterator[TwilioStandIn]:
    async with TwilioStandIn().running() as running:
        yield running


@pytest.fixture
async def sender(twilio: TwilioStandIn) -> AsyncIterator[SmsSender]:
    details = {**ACCOUNT.details, "api_url": twilio.url, "timeout_s": "2"}
    async with httpx.AsyncClient() as client:
        yield SmsSender(replace(ACCOUNT, details=details, public_url=""), client)


def letter(text: str = "Hello", **more: Any) -> OutboundMessage:
    return OutboundMessage(**{"id": new_id(), "address": SARA.value, "text": text, "language": "en", **more})


async def test_a_long_text_goes_in_several_messages_and_files_do_not(
    twilio: TwilioStandIn, sender: SmsSender
) -> None:
    result = await sender.send(letter("word " * 700))
    assert (result.verdict, len(result.external_ids)) == (Verdict.SENT, 3)
    assert all(len(message["body"]) <= 1600 for message in twilio.messages)
    picture = letter(files=(File("a.png", "image/png", b"x"),))
    assert (await sender.send(picture)).verdict is Verdict.REFUSED
    assert (await sender.send(letter(" "))).verdict is Verdict.REFUSED
    assert len(twilio.messages) == 3


@pytest.mark.parametrize("problem_form", [False, True])
@pytest.mark.parametrize("code", CODES)
async def test_every_documented_error_has_its_one_meaning(
    twilio: TwilioStandIn, sender: SmsSender, code: str, problem_form: bool
) -> None:
    twilio.problem_form = problem_form
    twilio.fail(code)
    result = await sender.send(letter())
    assert (result.verdict, result.code) == (CODES[code], code)
    assert (result.pause_s > 0) == (CODES[code] in (Verdict.AGAIN, Verdict.SLOWER))


async def test_what_is_taken_and_never_answered_is_unknown_and_its_status_names_our_message(
    twilio: TwilioStandIn, sender: SmsSender, serve: Serve
) -> None:
    heard: list[Post] = []

    async def hear(request: Request) -> Response:
        body = await request.body()
        heard.append(
            Post(
                body=body,
                headers=dict(request.headers),
                query=dict(request.query_params),
                url=str(request.url),
            )
        )
        return Response()

    url = await serve(Starlette(routes=[Route("/channels/k", hear, methods=["POST"])]))
    sender._account = replace(sender._account, public_url=url)
    twilio.plan(Plan(silent=True))
    sent = letter()
    assert (await sender.send(sent)).verdict is Verdict.UNKNOWN
    await twilio.settled()
    for one in heard:
        KIND.reader.check(ACCOUNT, one)
    told = [notice for one in heard for notice in KIND.reader.read(ACCOUNT, one, NOW)]
    assert [(n.what, n.our_id) for n in told if isinstance(n, MessageNotice)] == [
        (What.SENT, sent.id),
        (What.DELIVERED, sent.id),
    ]


async def test_who_has_said_stop_is_not_written_to_until_they_say_start(
    twilio: TwilioStandIn, sender: SmsSender
) -> None:
    twilio.write(SARA.value, "Stop")
    assert (await sender.send(letter())).verdict is Verdict.OPTED_OUT
    twilio.write(SARA.value, "START")
    assert (await sender.send(letter())).verdict is Verdict.SENT


@pytest.mark.parametrize(("fragment", "times"), [("", 1), ("#rc=5&rp=all", 6), ("#rc=2", 3)])
async def test_a_refused_post_comes_again_only_if_the_address_asks_for_it(
    twilio: TwilioStandIn, serve: Serve, fragment: str, times: int
) -> None:
    async def refuse(_request: Request) -> Response:
        return Response(status_code=503)

    twilio.webhook = await serve(Starlette(routes=[Route("/", refuse, methods=["POST"])])) + "/" + fragment
    twilio.write(SARA.value, "hello")
    await twilio.settled()
    assert len(twilio.posted) == times
    assert len({one.headers["i-twilio-idempotency-token"] for one in twilio.posted}) == 1


async def test_media_is_fetched_with_the_token_from_twilio_only(
    twilio: TwilioStandIn, sender: SmsSender
) -> None:
    fields = twilio.write(SARA.value, "look", [Media("image/png", b"png")])
    (said,) = KIND.reader.read(ACCOUNT, post(fields), NOW)
    assert isinstance(said, Said)
    assert (await sender.fetch(said.parts[0], bytes_max=100)).content == b"png"
    for source in ("https://evil.example/x", "http://[", f"http://localhost:{urlsplit(twilio.url).port}/x"):
        with pytest.raises(CannotFetch):
            await sender.fetch(MessagePart(kind=PartKind.IMAGE, source=source), bytes_max=100)
    with pytest.raises(CannotFetch):
        await sender.fetch(said.parts[0], bytes_max=1)


async def test_the_days_list_finds_what_no_post_has_told(twilio: TwilioStandIn, sender: SmsSender) -> None:
    for number in range(3):
        twilio.write(SARA.value, f"lost {number}")
    await sender.send(letter())
    twilio.messages[-1]["status"] = "delivered"
    now = twilio.clock.now()
    found = await sender.messages_between(now - timedelta(days=1), now + timedelta(minutes=1))
    assert [one.text for one in found if isinstance(one, Said)] == ["lost 0", "lost 1", "lost 2"]
    assert [one.what for one in found if isinstance(one, MessageNotice)] == [What.DELIVERED]
    assert await sender.messages_between(now + timedelta(days=1), now + timedelta(days=2)) == []


async def test_how_the_account_stands(twilio: TwilioStandIn, sender: SmsSender) -> None:
    assert (await sender.health()).problem is None
    twilio.fail("20003")
    assert (await sender.health()).sign_in
