"""python-telegram-bot, which we did not write, drives our stand-in of Telegram as it does Telegram."""

from collections.abc import AsyncIterator

import pytest
from telegram import Bot, ReplyParameters, Update
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, RetryAfter

from safar.standins.telegram import BOT_TOKEN, TelegramStandIn

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning"),
]
PERSON = 1001


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramStandIn]:
    async with TelegramStandIn().running() as running:
        running.chat(PERSON)
        yield running


@pytest.fixture
async def bot(telegram: TelegramStandIn) -> AsyncIterator[Bot]:
    async with _bot(telegram) as bot:
        yield bot


def _bot(telegram: TelegramStandIn, token: str = BOT_TOKEN) -> Bot:
    return Bot(token, base_url=f"{telegram.url}/bot", base_file_url=f"{telegram.url}/file/bot")


async def test_it_sends_words_and_files_and_gets_them_back(telegram: TelegramStandIn, bot: Bot) -> None:
    assert (await bot.get_me()).username == "safar_shop_bot"
    first = await bot.send_message(PERSON, "سلام")
    answer = await bot.send_message(PERSON, "yes", reply_parameters=ReplyParameters(first.message_id))
    assert answer.reply_to_message is not None
    assert (first.text, answer.reply_to_message.message_id) == ("سلام", first.message_id)
    document = (await bot.send_document(PERSON, b"%PDF", filename="bill.pdf", caption="bill")).document
    assert document is not None
    assert bytes(await (await document.get_file()).download_as_bytearray()) == b"%PDF"
    assert (await bot.send_photo(PERSON, b"jpg")).photo
    assert (await bot.edit_message_text("درود", PERSON, first.message_id)) is not False


async def test_it_raises_what_it_raises_for_telegram(telegram: TelegramStandIn, bot: Bot) -> None:
    message = await bot.send_message(PERSON, "same")
    for wrong, words in (
        (bot.send_message(404, "x"), "Chat not found"),
        (bot.send_message(PERSON, "x" * 4097), "Message is too long"),
        (bot.edit_message_text("same", PERSON, message.message_id), "Message is not modified"),
    ):
        with pytest.raises(BadRequest, match=words):
            await wrong
    telegram.block(PERSON)
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(PERSON, "x")
    telegram.chat(-42, kind="group").moved_to = -1001
    with pytest.raises(ChatMigrated) as moved:
        await bot.send_message(-42, "x")
    assert moved.value.new_chat_id == -1001
    telegram.fail("429 too many requests")
    with pytest.raises(RetryAfter):
        await bot.send_message(PERSON, "x")
    with pytest.raises(InvalidToken):
        async with _bot(telegram, "1:no"):
            pass


async def test_it_reads_our_updates_and_sets_where_they_go(telegram: TelegramStandIn, bot: Bot) -> None:
    telegram.write(PERSON, "first")
    telegram.write(PERSON, contact={"phone_number": "98912", "first_name": "S", "user_id": PERSON})
    telegram.press(PERSON, 1, "yes")
    telegram.block(PERSON)
    updates = await bot.get_updates()
    assert [_kind(update) for update in updates] == ["message", "message", "callback_query", "my_chat_member"]
    assert updates[0].message is not None
    assert (updates[0].message.text, updates[0].message.chat.id) == ("first", PERSON)
    await bot.set_webhook(
        "https://shop.example/channels/k", secret_token="s3cret", allowed_updates=["message"]
    )
    info = await bot.get_webhook_info()
    assert (info.url, info.allowed_updates) == ("https://shop.example/channels/k", ("message",))
    with pytest.raises(Conflict):
        await bot.get_updates()


def _kind(update: Update) -> str:
    names = ("message", "callback_query", "my_chat_member")
    return next(name for name in names if getattr(update, name) is not None)
