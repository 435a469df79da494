"""Which parts of a mail are the sender's words, and the limits on what is read of it."""

import pytest

from safar.channels.html_text import DEPTH_MAX, lines_of_html
from safar.channels.inbound_mail import InboundMail
from safar.channels.mail import read_mail
from safar.channels.mail_text import READ_BYTES_MAX, unflowed
from safar.channels.mime import DEPTH_MAX as PARTS_DEEP
from safar.channels.mime import PARTS_MAX, read_parts

HEAD = b"From: ana@example.com\r\nSubject: Question\r\n"


def read(body: str | bytes, kind: str = "text/plain; charset=utf-8") -> InboundMail:
    raw = body.encode() if isinstance(body, str) else body
    return read_mail(
        HEAD + f"Content-Type: {kind}\r\n\r\n".encode() + raw,
        "ana@example.com",
        our_address="shop@safar.example",
    )


def mixed(*parts: str, kind: str = "multipart/mixed") -> InboundMail:
    body = "".join(f"--x\r\n{part}\r\n" for part in parts)
    return read(f"{body}--x--\r\n", f"{kind}; boundary=x")


def html(markup: str) -> str:
    return "\n".join(line.text for line in lines_of_html(markup)).strip()


@pytest.mark.finding("messages-11")
def test_a_footer_of_a_gateway_does_not_replace_the_letter() -> None:
    mail = mixed(
        "Content-Type: text/html\r\n\r\n<p>My lamp caught fire.</p>",
        "Content-Type: text/plain\r\n\r\nThis e-mail is confidential.",
    )
    assert mail.text == "My lamp caught fire.\n\nThis e-mail is confidential."


@pytest.mark.finding("messages-11")
@pytest.mark.parametrize("name", ["; filename=mail.eml", ""])
def test_an_attached_mail_is_named_and_its_words_are_not_the_senders(name: str) -> None:
    mail = mixed(
        "Content-Type: text/plain\r\n\r\nSee attached.",
        f"Content-Type: message/rfc822\r\nContent-Disposition: attachment{name}\r\n\r\n"
        "From: rival@other.example\r\nSubject: secret\r\n\r\nPlease cancel my order.",
    )
    assert mail.text == f"See attached.\n\n[{'mail' if name else 'secret'}.eml]"


@pytest.mark.finding("messages-11")
@pytest.mark.parametrize(
    "kind", ["multipart/alternative", "multipart/mixed; boundary=other", "multipart/mixed"]
)
def test_a_broken_boundary_loses_no_words(kind: str) -> None:
    body = "--y\r\nContent-Type: text/plain\r\n\r\nHello, where is it?\r\n--y--\r\n"
    assert read(body, kind).text == "Hello, where is it?"
    assert read("Hello, where is it?", kind).text == "Hello, where is it?"


def test_of_alternatives_one_is_taken_and_attachments_of_both_are_named() -> None:
    mail = mixed(
        "Content-Type: text/plain\r\n\r\nHello",
        "Content-Type: multipart/related; boundary=y\r\n\r\n--y\r\nContent-Type: text/html\r\n\r\n<p>Hello"
        "</p>\r\n--y\r\nContent-Type: image/png; name=photo.png\r\n\r\nAAAA\r\n--y--",
        kind="multipart/alternative",
    )
    assert mail.text == "Hello\n\n[photo.png]"
    only_html = mixed(
        "Content-Type: text/plain\r\n\r\n ",
        "Content-Type: text/html\r\n\r\n<p>Olá</p>",
        kind="multipart/alternative",
    )
    assert only_html.text == "Olá"


def test_paragraphs_that_flow_are_joined() -> None:
    assert unflowed("One \ntwo.\n> q \n> r\n >40 cm\n-- \nAna") == "One two.\n> q r\n>40 cm\n-- \nAna"
    assert unflowed("文 \n字", joins_words=True) == "文字"
    assert read("Where \r\nis it?", "text/plain; format=flowed").text == "Where is it?"


def test_html_is_read_as_it_is_seen() -> None:
    markup = (
        "<style>p{}</style><p>Hello<br>you &amp; me</p><script>alert('x')</script>"
        "<img src=x onerror=alert(1)><a href='javascript:alert(1)'>here</a><title>t</title>"
        "<table><tr><td>Order</td><td>1001</td></tr></table><ul><li>red</li><li>blue</li></ul>"
        "<a href='https://photos.example/mug'>photo</a> <img alt='🙏'>"
    )
    assert html(markup).split("\n") == [
        "Hello",
        "you & me",
        "",
        "here",
        "",
        "Order 1001",
        "",
        "- red",
        "- blue",
        "",
        "photo (https://photos.example/mug) 🙏",
    ]
    assert html("") == ""
    assert html("a < b & <3") == "a < b & <3"


@pytest.mark.finding("messages-17")
@pytest.mark.parametrize("close", ["", "</p>", "</span></b>"])
def test_more_open_elements_than_any_letter_has_are_read_without_their_tags(close: str) -> None:
    assert html(f"<div>{close}" * (DEPTH_MAX + 1) + "hello").split() == ["hello"]
    assert html("<div>" * 100 + "hello") == "hello"


@pytest.mark.finding("security-1")
def test_parts_levels_headers_and_text_have_limits() -> None:
    many = "".join(f"--x\r\nContent-Type: text/plain\r\n\r\n{number}\r\n" for number in range(5000))
    mail = read(many, "multipart/mixed; boundary=x")
    assert len(
        list(read_parts(HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + many.encode()).walk())
    ) == (PARTS_MAX + 1)
    assert mail.text.split()[:2] == ["0", "1"]
    assert mail.text.endswith("[…]")
    deep = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(3000)
    )
    parts = list(read_parts(deep + b"\r\nhello").walk())
    assert len(parts) == PARTS_DEEP
    wide = read_parts(b"To: " + b"a@b.example, " * 20_000 + b"\r\nX: y\r\n" * 20_000 + b"\r\nhello")
    assert sum(len(str(value)) for _name, value in wide.headers.raw_items()) < 70_000
    after = read_parts(b"To: " + b"a@b.example,\r\n " * 6_000 + b"\r\nFrom: ana@example.com\r\n\r\nhello")
    assert (after.headers["From"], after.body) == ("ana@example.com", b"hello")
    long = read("word " * READ_BYTES_MAX)
    assert len(long.text) < 21_000
    assert long.text.endswith("[…]")


@pytest.mark.finding("security-1")
def test_text_is_read_within_one_limit_for_all_parts() -> None:
    big = "Content-Type: text/html\r\n\r\n" + "<p>word</p>" * 15_000
    parts = read_parts(
        HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + f"--x\r\n{big}\r\n".encode() * 5
    )
    from safar.channels.mail_text import mail_text_of

    words = mail_text_of(parts)
    assert words.cut
    assert sum(line.text == "word" for line in words.lines) <= READ_BYTES_MAX // len("<p>word</p>") + 1


@pytest.mark.parametrize("charset", ["undefined", "idna", "no-such-charset", "utf-8\x00"])
def test_a_charset_that_is_none_loses_no_mail(charset: str) -> None:
    assert read("My order is broken", f'text/plain; charset="{charset}"').text == "My order is broken"
