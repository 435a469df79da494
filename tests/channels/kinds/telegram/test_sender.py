"""Sending by Telegram against its stand-in: what is asked of it, and what its answers mean."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from safar.channels.kinds.port import (
    CannotFetch,
    ChannelAccount,
    Choice,
    File,
    MessagePart,
    OutboundMessage,
    PartKind,
    Verdict,
)
from safar.channels.kinds.telegram.codes import CODES, code_of, verdict_of_error
from safar.channels.kinds.telegram.sender import TelegramSender
from safar.kernel.ids import new_id
from safar.standins.base import Plan
from safar.standins.clock import LeapingClock
from safar.standins.telegram import BOT_TOKEN, TelegramStandIn

PERSON = 5_000_000_001


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramStandIn]:
    async with TelegramStandIn(LeapingClock()).running() as running:
        running.chat(PERSON)
        yield running


@pytest.fixture
async def sender(telegram: TelegramStandIn) -> AsyncIterator[TelegramSender]:
    account = ChannelAccount(
        id=new_id(),
        kind="telegram",
        name="bot",
        key="k",
        public_url="https://shop.example",
        details={"api_url": telegram.url, "timeout_s": "2"},
        secrets={"bot_token": BOT_TOKEN, "secret_token": "s3cret"},
    )
    async with httpx.AsyncClient() as client:
        yield TelegramSender(account, client)


def letter(text: str = "Hello", **more: Any) -> OutboundMessage:
    return OutboundMessage(**{"id": new_id(), "address": str(PERSON), "text": text, "language": "en", **more})


def sent(telegram: TelegramStandIn) -> list[dict[str, Any]]:
    return [parameters for method, parameters in telegram.called if method.startswith("send")]


async def test_words_go_as_they_are_and_come_back_with_their_number(
    telegram: TelegramStandIn, sender: TelegramSender
) -> None:
    result = await sender.send(letter("1 < 2 & *this_ is [no](markup)"))
    assert (result.verdict, result.external_ids) == (Verdict.SENT, (f"{PERSON}:1",))
    assert sent(telegram) == [{"chat_id": str(PERSON), "text": "1 < 2 & *this_ is [no](markup)"}]


async def test_a_long_text_is_parted_in_units_of_utf16(
    telegram: TelegramStandIn, sender: TelegramSender
) -> None:
    words = "😀 " * 3000  # 3 units each
    result = await sender.send(letter(words))
    assert len(result.external_ids) == 3
    texts = [parameters["text"] for parameters in sent(telegram)]
    assert all(len(text.encode("utf-16-le")) // 2 <= 4096 for text in texts)
    assert " ".join(texts).split() == words.split()


async def test_an_answer_names_its_message_only_in_the_same_chat_and_is_sent_without_one_that_is_gone(
    telegram: TelegramStandIn, sender: TelegramSender
) -> None:
    telegram.write(PERSON, "Where is it?")
    await sender.send(letter(answers=f"{PERSON}:1"))
    await sender.send(letter(answers="77:1"))
    assert sent(telegram)[0]["reply_parameters"] == {"message_id": 1, "allow_sending_without_reply": True}
    assert "reply_parameters" not in sent(telegram)[1]
    telegram.fail("400 message to be replied not found")
    result = await sender.send(letter(answers=f"{PERSON}:1"))
    assert result.verdict is Verdict.SENT
    assert "reply_parameters" not in sent(telegram)[-1]


async def test_files_go_by_their_kind_and_a_short_text_below_one(
    telegram: TelegramStandIn, sender: TelegramSender
) -> None:
    files = [File("a.jpg", "image/jpeg", b"jpg"), File("b.pdf", "application/pdf", b"pdf")]
    assert (await sender.send(letter("See this", files=(files[0],)))).external_ids == (f"{PERSON}:1",)
    assert (await sender.send(letter("Both", files=tuple(files)))).external_ids == tuple(
        f"{PERSON}:{number}" for number in (2, 3, 4)
    )
    methods = [method for method, _parameters in telegram.called]
    assert methods == ["sendPhoto", "sendMessage", "sendPhoto", "sendDocument"]
    assert sent(telegram)[0]["caption"] == "See this"
    assert [file.content for file in telegram.files.values()] == [b"jpg", b"jpg", b"pdf"]


async def test_choices_are_buttons_and_a_value_that_is_too_long_is_not_sent(
    telegram: TelegramStandIn, sender: TelegramSender
) -> None:
    await sender.send(letter(choices=(Choice("yes", "Yes"), Choice("no", "No"))))
    rows = sent(telegram)[0]["reply_markup"]["inline_keyboard"]
    assert rows == [[{"text": "Yes", "callback_data": "yes"}], [{"text": "No", "callback_data": "no"}]]
    result = await sender.send(letter(choices=(Choice("ن" * 33, "N"),)))
    assert (result.verdict, len(telegram.called)) == (Verdict.OUR_FAULT, 1)


@pytest.mark.parametrize("code", CODES)
async def test_every_documented_error_has_its_one_meaning(
    telegram: TelegramStandIn, sender: TelegramSender, code: str
) -> None:
    telegram.fail(code)
    result = await sender.send(letter())
    if code == "400 group chat was upgraded to a supergroup chat":
        assert result.verdict is Verdict.GONE  # where it has moved, there is none either
        return
    assert (result.verdict, result.code if result.verdict is not Verdict.SENT else code) == (
        CODES[code],
        code,
    )
    if code == "429 too many requests":
        assert result.pause_s == 7


def test_an_error_that_nobody_documents_is_judged_by_its_status() -> None:
    for status, description, verdict in (
        (400, "Bad Request: SOMETHING_NEW", Verdict.REFUSED),
        (403, "Forbidden: the moon is full", Verdict.OTHER_CHANNEL),
        (418, "Teapot", Verdict.OUR_FAULT),
        (503, "", Verdict.UNKNOWN),
    ):
        assert verdict_of_error(code_of(status, description)) is verdict


async def test_a_group_that_has_moved_is_written_to_where_it_is_now(
    telegram: TelegramStandIn, sender: TelegramSender
) -> None:
    telegram.chat(-42, kind="group").moved_to = -1_001
    telegram.chat(-1_001, kind="supergroup")
    result = await sender.send(letter("a " * 3000, address="-42"))
    assert (result.verdict, result.moved_to) == (Verdict.SENT, "-1001")
    assert result.external_ids == ("-1001:1", "-1001:2")


async def test_fault_27_what_is_taken_and_never_answered_is_unknown_and_so_is_half_a_letter(
    telegram: TelegramStandIn, sender: TelegramSender
) -> None:
    telegram.plan(Plan(silent=True))
    result = await sender.send(letter())
    assert (result.verdict, result.external_ids) == (Verdict.UNKNOWN, ())
    telegram.plan(Plan(), Plan(code="500 internal server error"))
    half = await sender.send(letter("a " * 3000))
    assert (half.verdict, half.external_ids) == (Verdict.UNKNOWN, (f"{PERSON}:2",))


async def test_who_cannot_be_reached_at_all_is_asked_again() -> None:
    account = ChannelAccount(
        id=new_id(),
        kind="telegram",
        name="bot",
        details={"api_url": "http://127.0.0.1:9"},
        secrets={"bot_token": BOT_TOKEN},
    )
    async with httpx.AsyncClient() as client:
        assert (await TelegramSender(account, client).send(letter())).verdict is Verdict.AGAIN


async def test_empty_words_are_refused_without_asking(
    telegram: TelegramStandIn, sender: TelegramSender
) -> None:
    assert (await sender.send(letter(" \n"))).verdict is Verdict.REFUSED
    assert telegram.called == []


async def test_in_a_business_chat_a_message_goes_by_its_connection(
    telegram: TelegramStandIn, sender: TelegramSender
) -> None:
    result = await sender.send(letter(address=f"{PERSON}@bc1", answers=f"{PERSON}@bc1:7"))
    assert result.external_ids == (f"{PERSON}@bc1:1",)
    assert sent(telegram)[0]["business_connection_id"] == "bc1"
    assert sent(telegram)[0]["reply_parameters"]["message_id"] == 7


async def test_a_file_is_fetched_within_its_limit_and_what_cannot_be_had_says_whether_it_may_be_later(
    telegram: TelegramStandIn, sender: TelegramSender
) -> None:
    kept = telegram.keep(b"%PDF-1.7", "bill.pdf")
    part = MessagePart(
        kind=PartKind.DOCUMENT, source=kept["file_id"], mime="application/pdf", name="bill.pdf"
    )
    fetched = await sender.fetch(part, bytes_max=1000)
    assert (fetched.content, fetched.mime, fetched.name) == (b"%PDF-1.7", "application/pdf", "bill.pdf")
    with pytest.raises(CannotFetch) as large:
        await sender.fetch(part, bytes_max=3)
    assert not large.value.again
    telegram.fail("500 internal server error", path="getFile")
    with pytest.raises(CannotFetch) as later:
        await sender.fetch(part, bytes_max=1000)
    assert later.value.again


async def test_how_the_account_stands_is_told_and_telegram_learns_our_address_by_itself(
    telegram: TelegramStandIn, sender: TelegramSender
) -> None:
    before = await sender.health()
    assert (before.problem, before.subscribed) == ("Telegram posts nowhere yet.", False)
    after = await sender.connect()
    assert (after.problem, after.subscribed, after.detail) == (None, True, "@safar_shop_bot, 0 waiting")
    hook = telegram.queues.webhook_info({})
    assert hook["url"] == "https://shop.example/channels/k"
    assert "message_reaction" in hook["allowed_updates"], "left out unless it is asked for"
    telegram.token = "1:other"
    assert (await sender.health()).sign_in


async def test_a_pressed_button_is_answered_and_typing_is_shown(
    telegram: TelegramStandIn, sender: TelegramSender
) -> None:
    await sender.seen(str(PERSON), "callback:99", typing=True)
    assert telegram.called == [
        ("answerCallbackQuery", {"callback_query_id": "99"}),
        ("sendChatAction", {"chat_id": str(PERSON), "action": "typing"}),
    ]
