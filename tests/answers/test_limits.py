"""The bot comes to an end with other machines, says yes only to what was named, and costs little to ask."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz import process

from safar.answers import match
from safar.answers.catalogue import Catalogue
from safar.answers.decide import understand
from safar.answers.limits import Spoken, within_limits
from safar.answers.model import Answer, Intent, Question
from safar.channels.model import EMAIL, WEB
from safar.kernel.ids import derived_id, new_id
from safar.kernel.text import script_of

NOW = datetime(2031, 3, 1, 12, tzinfo=UTC)
GOODS = Catalogue(
    (derived_id("variant", sku), sku, title)
    for sku, title in (
        ("TS-M", "Cotton T-shirt"), ("M1", "White hanging heart mug"), ("M2", "Retrospot mug"),
        ("U1", "Red umbrella"), ("B1", "Blue garden bag"), ("L1", "Christmas lights star"),
    )
)  # fmt: skip


def answer(channel_id: UUID = EMAIL, address: str = "robot@example.com", text: str | None = "Yes") -> Answer:
    question = Question(new_id(), new_id(), new_id(), channel_id, address, "Thank you!", "en", None)
    return Answer(question, Intent.ORDER_STATUS, text)


@pytest.mark.finding("messages-8")
@pytest.mark.finding("security-28")
def test_a_responder_is_answered_three_times_and_then_a_person_looks() -> None:
    at: list[datetime] = []
    for turn in range(6):
        one = answer()
        now = NOW + timedelta(seconds=20 * turn)
        (decided,) = within_limits([one], [Spoken(one.question.id, list(at), False)], now)
        if decided.text is not None:
            at.append(now)
        else:
            assert decided.reason == "loop"
    assert len(at) == 3


@pytest.mark.finding("security-28")
def test_no_more_than_ten_answers_leave_for_one_mailbox_in_a_day() -> None:
    at: list[datetime] = []
    for turn in range(100):
        one, now = answer(), NOW + timedelta(minutes=14 * turn)
        said = [moment for moment in at if now - moment < timedelta(days=1)]
        (decided,) = within_limits([one], [Spoken(one.question.id, said, False)], now)
        at += [now] if decided.text is not None else []
    first_day = [moment for moment in at if moment - NOW < timedelta(days=1)]
    assert len(first_day) == 10


@pytest.mark.finding("security-28")
def test_the_same_mail_again_is_a_machines_and_the_same_words_in_the_chat_are_not() -> None:
    mail, chat = answer(), answer(WEB, str(new_id()))
    spoken = [Spoken(mail.question.id, [], True), Spoken(chat.question.id, [], True)]
    assert [one.reason for one in within_limits([mail, chat], spoken, NOW)] == ["loop", None]


@given(st.lists(st.sampled_from(["a@x", "b@x"]), max_size=20))
def test_one_batch_gives_no_address_more_than_its_share(addresses: list[str]) -> None:
    kept = within_limits([answer(address=address) for address in addresses], [], NOW)
    for address in ("a@x", "b@x"):
        given_ = [one for one in kept if one.question.address == address and one.text is not None]
        assert len(given_) == min(3, addresses.count(address))


@pytest.mark.finding("messages-14")
@pytest.mark.finding("customer-side-1")
@pytest.mark.parametrize(
    "text",
    [
        "do you have it in blue", "Do you have it in size XL?", "is it available in red",
        "do you have this for children", "My parcel arrived empty", "my package is not mine",
        "half of my order arrived", "Meu pacote chegou vazio", "این بسته مال من نیست", "पैकेट खाली आया",
        "do you have a teapot", "do you have umbrellas for the garden", "someone elses order arrived",
        "do you have the retrospot mug in green",
    ],
)  # fmt: skip
def test_what_nothing_here_is_about_goes_to_a_person(text: str) -> None:
    assert understand(text, GOODS).intent is Intent.UNKNOWN


@pytest.mark.finding("customer-side-1")
@pytest.mark.parametrize(
    ("text", "kind", "titles"),
    [
        ("Do you have mugs?", "mugs", 2), ("do you sell umbrellas", "umbrellas", 1),
        ("Do you have Christmas lights?", "christmas lights", 1), ("any mugs in stock?", "mugs", 2),
    ],
)  # fmt: skip
def test_a_kind_of_goods_is_answered_by_how_many_there_are_and_never_by_what_was_looked_at(
    text: str, kind: str, titles: int
) -> None:
    understood = understand(text, GOODS)
    assert understood.intent is Intent.IN_STOCK
    named = understood.mention is not None
    assert named or (understood.kind, understood.titles) == (kind, titles)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Is this still in stock?", Intent.IN_STOCK), ("is the cotton t-shirt available", Intent.IN_STOCK),
        ("Where is my order 10009?", Intent.ORDER_STATUS), ("ساعت کاری شما چیست؟", Intent.OPENING_HOURS),
        ("आप कब खुले रहते हैं?", Intent.OPENING_HOURS),
        ("do you have the red umbrella", Intent.IN_STOCK),
    ],
)  # fmt: skip
def test_what_is_named_or_meant_is_answered(text: str, intent: Intent) -> None:
    assert understand(text, GOODS).intent is intent


@pytest.mark.finding("security-32")
def test_a_strangers_word_is_held_against_few_of_all_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of twenty thousand words of titles, those of nearly its length; of a message, twenty words at most."""
    letters = "abcdefghijklmnopqrst"
    words = [f"{letters[n % 20]}{letters[n // 20 % 20]}{n:x}{'z' * (n % 12)}" for n in range(20_000)]
    goods = Catalogue((derived_id("v", n), f"S{n}", word) for n, word in enumerate(words))
    compared: list[int] = []
    extract = process.extract

    def counting(word: str, known: list[str], **how: object) -> object:
        compared.append(len(known))
        return extract(word, known, **how)  # type: ignore[call-overload]

    monkeypatch.setattr("safar.answers.match.process.extract", counting)
    understand(" ".join(f"{letters[n % 20]}qqqqqqqqqqx" + letters[n % 19] * 3 for n in range(20)), goods)
    asked_once = len(compared)
    assert asked_once <= 20 * 2 * 5, "twenty words, titles and lexicon, five lengths"
    compared.clear()
    understand(" ".join(f"{letters[n % 20]}{letters[n % 7]}qqqqqqqqx{n}" for n in range(80)), goods)
    assert compared == [], "a message of eighty words is not read word by word"
    assert match.Spellings(["track*", "stock"]).near("x" * 5000) == []


@pytest.mark.finding("messages-15")
@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("hi ☺️☺️☺️", "latin"), ("❤️", "latin"), ("👍🏽", "latin"), ("❤️❤️ سلام", "arabic"),
        ("नमस्ते 🙏", "devanagari"), ("ﷲ", "arabic"), ("️️️️ ok", "latin"), ("‌‌‌", "latin"),
    ],
)  # fmt: skip
def test_emoji_are_no_language(text: str, script: str) -> None:
    assert script_of(text) == script
