"""Mails as they go out: what other programs take for granted of lines, encoded words and addresses."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.channels.compose import compose
from safar.channels.design import MailLook
from safar.channels.header_out import address_field, wire_address, words_field
from safar.channels.header_words import header_words, name_and_address, read_address
from safar.channels.model import Author, Due
from safar.channels.outbox import Outbox
from safar.kernel.context import Context
from tests.stage.channels import customer, mail, states
from tests.stage.mailbox import Mailbox

pytestmark = pytest.mark.finding("messages-13")
SUBJECTS = [
    "Your order",
    "Seu pedido não pôde ser entregue: confirme o endereço, por favor — obrigado pela sua paciência",
    "سفارش شما ثبت شد و به‌زودی برای شما ارسال می‌شود؛ از خرید شما سپاسگزاریم",
    "आपका ऑर्डर भेज दिया गया है और जल्द ही आपके पास पहुँच जाएगा, धन्यवाद",
    "🎁👩‍👩‍👧‍👦" * 15,
    "=?utf-8?q?not_an_encoded_word?=",
    "Unbroken" * 20,
]
LETTER = Due(
    id=UUID("01890f3c-0000-7000-8000-000000000001"),
    author=Author.BOT,
    address="ana@example.com",
    subject="Hello",
    body="Hello",
    language="en",
    unsubscribe_url="https://shop.example/u/" + "x" * 120,
    in_reply_to="<" + "q" * 150 + "@example.com>",
    tries=1,
    at=datetime(2026, 12, 1, tzinfo=UTC),
)


def composed(look: MailLook, **changes: object) -> bytes:
    return compose(replace(LETTER, **changes), mail_from="shop@safar.example", look=look)  # type: ignore[arg-type]


@pytest.fixture
def look() -> MailLook:
    return MailLook(name="Safar Gifts", address=(), url="https://shop.example")


@pytest.mark.parametrize("subject", SUBJECTS)
def test_encoded_words_have_at_most_75_characters_and_their_lines_76(subject: str) -> None:
    written = words_field("Subject", subject).decode()
    for line in written.rstrip("\r\n").split("\r\n"):
        assert len(line) <= 76 or "=?" not in line
        for word in re.findall(r"=\?[^ ]+\?=", line):
            assert len(word) <= 75
    assert header_words(written[8:].replace("\r\n", "")) == subject
    assert message_from_bytes(written.encode() + b"\r\n", policy=default)["Subject"] == subject


@given(st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=100))
def test_any_name_arrives_as_it_was_and_never_as_an_address(name: str) -> None:
    shown = " ".join(name.split())
    written = address_field("From", shown, "shop@safar.example").decode()
    assert all(len(line) <= 76 for line in written.split("\r\n"))
    assert name_and_address(written[5:].replace("\r\n", "")) == (shown, "shop@safar.example")


@pytest.mark.parametrize(
    "body", ["short", "word " * 400, "سفارش شما " * 200, "café " * 300, "x" * 5000, "a\n.\nb"]
)
def test_no_line_of_a_body_is_longer_than_76(look: MailLook, body: str) -> None:
    raw = composed(look, body=body)
    _head, _blank, content = raw.partition(b"\r\n\r\n")
    assert max(map(len, content.split(b"\r\n"))) <= 76
    assert b"\n" not in raw.replace(b"\r\n", b"")
    plain = message_from_bytes(raw, policy=default).get_body(("plain",))
    assert plain is not None
    assert plain.get_content().split() == body.split()


def test_long_ids_and_links_stay_what_they_are(look: MailLook) -> None:
    arrived = message_from_bytes(composed(look), policy=default)
    assert arrived["In-Reply-To"] == LETTER.in_reply_to
    assert arrived["List-Unsubscribe"] == f"<{LETTER.unsubscribe_url}>"
    assert b"\r\nBcc:" not in composed(look, in_reply_to="<a@b>\r\nBcc: eve@evil.example")


@pytest.mark.parametrize(
    ("address", "wire"),
    [
        ("ana@example.com", "ana@example.com"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("ali@مثال.ایران", "ali@xn--mgbh0fb.xn--mgba3a4f16a"),
        ("मीरा@उदाहरण.भारत", "मीरा@xn--p1b6ci4b4b3a.xn--h2brj9c"),
        ("joão@exemplo.com.br", "joão@exemplo.com.br"),
    ],
)
def test_addresses_of_every_script_go_out_as_servers_know_them(address: str, wire: str) -> None:
    assert wire_address(address) == wire
    assert read_address(wire) == address


@pytest.mark.parametrize(
    "address", ["", "ana", "@x.example", "a b@x.example", "a@x.example,b@y.example", "a@-ü-.x"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        wire_address(address)


@pytest.mark.parametrize("address", ["ann@bücher.example", "मीरा@उदाहरण.भारत"])
async def test_a_mail_to_an_address_of_another_script_is_sent(
    mailing: Context, box: Mailbox, address: str
) -> None:
    sent = await mail(mailing, await customer(mailing), address=address)
    while await Outbox(mailing).step():
        pass
    assert (await states(mailing))[sent.message_id] == ("sent", None)
    assert read_address(str(box.messages[0]["To"])) == address
