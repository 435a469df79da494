"""The shop's mails say nothing that a stranger typed, to whoever's mailbox the stranger named."""

from itertools import pairwise

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.channels.compose import page_for
from safar.channels.design import MailLook
from safar.channels.model import Author, Due
from safar.kernel import clock
from safar.kernel.database import Database
from safar.kernel.ids import new_id
from safar.kernel.text import plain_words
from safar.orders.mail import salutation
from tests.stage.checkout import BUYER


@pytest.mark.finding("security-13")
async def test_a_confirmation_to_an_address_that_nobody_proved_has_no_typed_text(
    browser: httpx.AsyncClient, database: Database
) -> None:
    order = {
        **BUYER,
        "id": str(new_id()),
        "sku": "MUG",
        "quantity": 1,
        "email": "someone@else.example",
        "name": "See http://evil.example/pay now",
        "address": "Your parcel waits\nhttps://evil.example/pay\nPay the fee",
    }
    assert (await browser.post("/buy", json=order)).status_code == 201
    async with database.connection() as connection:
        found = await connection.execute("SELECT address, subject, body, letter FROM messages")
        ((address, subject, body, letter),) = await found.fetchall()
    assert address == "someone@else.example"
    for typed in ("evil", "pay now", "parcel", "fee"):
        assert typed not in body
        assert typed not in subject
    html = page(body, "http://127.0.0.1:8000", letter=letter)
    assert "evil" not in html
    assert "parcel" not in html
    assert html.count("href=") == 1
    assert 'href="http://127.0.0.1:8000/orders/' in html


@pytest.mark.finding("security-13")
def test_a_name_is_said_only_to_who_proved_the_address_and_leads_nowhere() -> None:
    name = "Ada\nLovelace www.evil.example http://evil.example/pay evil.example/pay me@evil.example ev.il"
    assert salutation(name, proven=False) == "Hello,"
    assert salutation(name, proven=True) == "Hello Ada Lovelace ev. il,"
    assert salutation("http://evil.example", proven=True) == "Hello,"


@pytest.mark.finding("security-13")
@pytest.mark.parametrize(
    "text",
    [
        "hxxp://x.y/z", "ＷＷＷ．evil．example", "evil。example/pay", "ftp://evil", "a@b.example",
        "mailto:a@b.c",
        "//evil.example", "evil.example:8080", "(www.evil.example)", "evil.example?x=1", "پرداخت.ایران/x",
    ],
)  # fmt: skip
def test_what_a_reader_could_follow_is_taken_out(text: str) -> None:
    assert plain_words(f"Ada {text} Lovelace", 60) == "Ada Lovelace"


@pytest.mark.finding("security-13")
@given(st.text(max_size=300), st.integers(1, 80))
def test_typed_words_are_one_line_within_their_bound_without_an_address(text: str, length_max: int) -> None:
    words = plain_words(text, length_max)
    assert len(words) <= length_max
    assert all(character.isprintable() for character in words)
    assert "//" not in words
    assert "@" not in words
    assert "." not in [before for before, after in pairwise(words) if after.isalnum()]


@pytest.mark.finding("security-13")
@pytest.mark.parametrize(
    "url",
    ["http://evil.example/pay", "http://shop.example.evil.example/", "http://shop.example@evil.example/x"],
)
def test_no_address_but_ours_is_a_link_in_what_the_shop_writes_by_itself(url: str) -> None:
    assert "<a" not in page(f"See {url} now", "http://shop.example")
    assert "<a" in page(f"See {url} now", "http://shop.example", author=Author.STAFF)
    assert "<a" in page("See http://shop.example/orders/x now", "http://shop.example")


def page(text: str, url: str, *, author: str = Author.SHOP, letter: dict[str, object] | None = None) -> str:
    due = Due(new_id(), author, "a@b.example", "News", text, "en", None, None, 1, clock.now(), letter=letter)
    return page_for(due, MailLook("Shop", (), url))
