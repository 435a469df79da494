"""A letter is one mail in two forms: plain text, and a page that reads well and fetches nothing."""

import re
from collections.abc import Sequence

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.channels.design import MailLook, mail_page
from safar.channels.letters import LetterPart, ShopLetter, letter_of, plain_text
from safar.channels.texts import MailWords, in_their_words
from safar.orders.mail import KINDS, mail_of
from tests.stage.letters import mailed_order

LOOK = MailLook("Safar Gifts", ("12 High Street", "York"), "https://shop.example")
PARTS = (
    LetterPart("text", "Hello Ana,"),
    LetterPart("intro", "Thank you."),
    LetterPart("goods", rows=[("Mug", "£10.00", "/images/abc/320.webp", "2")]),
    LetterPart("sums", rows=[("Delivery", "£3.00"), ("Paid", "£13.00")]),
    LetterPart("lines", "Delivery address:", rows=[("12 High Street",), ("York",)]),
    LetterPart("button", "Track your order", "https://shop.example/orders/x"),
)


def page(
    parts: Sequence[LetterPart], *, language: str = "en", unsubscribe: str = "", only: str | None = None
) -> str:
    return mail_page(
        ShopLetter("k", {}, parts),
        subject="News",
        language=language,
        look=LOOK,
        only=only,
        unsubscribe=unsubscribe,
    )


def test_the_plain_text_says_what_the_page_says() -> None:
    assert plain_text(PARTS) == (
        "Hello Ana,\n\nThank you.\n\n2 × Mug  £10.00\nDelivery: £3.00\nPaid: £13.00\n\n"
        "Delivery address:\n12 High Street\nYork\n\nTrack your order: https://shop.example/orders/x\n"
    )
    html = page(PARTS)
    for words in ("Hello Ana,", "Mug", "£13.00", "12 High Street", "Track your order", "Safar Gifts"):
        assert words in html
    assert ">https://shop.example/orders/x<" not in html, "a button stands in place of the bare address"


def test_the_page_is_made_for_phones_and_for_the_dark_and_for_both_directions() -> None:
    html = page(PARTS, language="fa")
    assert '<html lang="fa" dir="rtl"' in html
    assert 'name="viewport"' in html
    assert "prefers-color-scheme: dark" in html
    assert "text-align:right" in html
    assert "direction:ltr" not in html
    assert 'dir="ltr"' in page(PARTS)


def test_the_page_fetches_only_pictures_of_the_shop() -> None:
    html = page([*PARTS, LetterPart("picture", "A mug", "https://evil.example/spy.png")])
    assert re.findall(r'src="(https?:[^"]*)"', html) == ["https://shop.example/images/abc/320.webp"]
    assert "<link" not in html
    assert "@import" not in html


def test_who_may_unsubscribe_has_one_word_for_it() -> None:
    html = page(PARTS, unsubscribe="https://shop.example/unsubscribe/x?lang=en")
    assert 'href="https://shop.example/unsubscribe/x?lang=en"' in html
    assert ">Unsubscribe<" in html
    assert "Unsubscribe" not in page(PARTS)


@given(st.text(max_size=80), st.sampled_from(["text", "intro", "goods", "sums", "facts", "lines", "button"]))
def test_nothing_that_is_said_becomes_markup(words: str, kind: str) -> None:
    text = f"<b id=x>{words}{{{{ 7*7 }}}}"
    rows = {"goods": (text, text, "", "1"), "lines": (text,)}.get(kind, (text, text))
    html = page([LetterPart(kind, text, rows=[rows] if kind in ("goods", "sums", "facts", "lines") else ())])
    assert "<b id" not in html
    assert "{{ 7*7 }}" in html


def test_a_letter_comes_back_from_the_database_as_it_was() -> None:
    letter = ShopLetter("k", {"number": "7"}, PARTS)
    again = letter_of(orjson.loads(orjson.dumps(letter)))
    assert again is not None
    assert plain_text(again.parts) == plain_text(letter.parts)
    assert page(again.parts) == page(letter.parts)


@pytest.mark.parametrize("language", ["en", "pt-BR", "fa", "hi"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_words_of_staff_stand_in_both_forms_and_the_goods_stay(kind: str, language: str) -> None:
    mail = mail_of(kind, mailed_order(language=language))
    said = MailWords(
        KINDS[kind].key, language, "Order {{ number }}!", "Dear friend, {{ number }}.", "Bye {{x}}"
    )
    changed = in_their_words(mail, {(said.kind, said.language): said})
    assert changed.subject == "Order 7!"
    assert "Dear friend, 7." in changed.body
    assert changed.body.endswith("Bye {{x}}\n")
    assert mail.letter is not None
    assert changed.letter is not None
    assert [p for p in changed.letter.parts if p.kind not in ("intro", "closing")] == [
        p for p in mail.letter.parts if p.kind not in ("intro", "closing")
    ]
    other = MailWords(KINDS[kind].key, "xx", "Other")
    assert in_their_words(mail, {(other.kind, other.language): other}) == mail


def test_a_proven_confirmation_names_the_whole_address() -> None:
    mail = mail_of(
        "confirmed", mailed_order(proven=True, address="12 High Street\nYO1 7HH York\nUnited Kingdom")
    )
    assert "Delivery address:\nAna Silva\n12 High Street\nYO1 7HH York\nUnited Kingdom\n" in mail.body
