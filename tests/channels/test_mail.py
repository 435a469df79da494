"""Reading mail: whatever comes, the result is a message or a reason, and nothing of it can harm a reader."""

from email.message import EmailMessage
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.channels.inbound_mail import InboundMail
from safar.channels.mail import read_mail

OURS = "shop@safar.example"
ID = "01890f3c-0000-7000-8000-000000000001"


def read(raw: bytes, envelope_from: str | None = "ana@example.com") -> InboundMail:
    return read_mail(raw, envelope_from, our_address=OURS)


def plain(text: str, **headers: str) -> bytes:
    mail = EmailMessage()
    mail["From"] = "Ana Souza <Ana@Example.com>"
    mail["To"] = OURS
    mail["Subject"] = "Pergunta"
    mail["Message-ID"] = "<q1@example.com>"
    for name, value in headers.items():
        del mail[name.replace("_", "-")]
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail.as_bytes()


def test_a_plain_mail_gives_who_what_and_which() -> None:
    mail = read(plain("Ainda tem?\n", In_Reply_To=f"<{ID}@safar.example>"))
    assert (mail.address, mail.name, mail.subject) == ("ana@example.com", "Ana Souza", "Pergunta")
    assert (mail.text, mail.error, mail.automatic) == ("Ainda tem?", None, False)
    assert mail.references == (UUID(ID),)
    assert mail.header_id == "<q1@example.com>"
    assert mail.external_id.startswith("<q1@example.com> ana@example.com ")


def test_a_mail_with_html_only_and_an_attachment_is_read() -> None:
    mail = EmailMessage()
    mail["From"] = "ana@example.com"
    mail.set_content("<p>Olá</p>", subtype="html")
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="nota.pdf")
    assert read(mail.as_bytes()).text == "Olá\n\n[nota.pdf]"


@pytest.mark.finding("messages-5")
@pytest.mark.parametrize(
    ("headers", "automatic", "for_people"),
    [
        ({"Auto_Submitted": "auto-replied"}, True, False),
        ({"Auto_Submitted": "no"}, False, False),
        ({"Precedence": "bulk"}, True, False),
        ({"Precedence": "auto_reply"}, True, False),
        ({"List_Id": "<help.example.com>"}, False, True),
        ({"Precedence": "list"}, False, True),
        ({"Precedence": "bulk", "List_Id": "<help.example.com>"}, False, True),
        ({"X_Google_Group_Id": "123"}, False, True),
        ({"List_Id": "<help.example.com>", "Auto_Submitted": "auto-replied"}, True, True),
        ({"X_Auto_Response_Suppress": "All"}, False, True),
        ({}, False, False),
    ],
)
def test_who_waits_and_who_may_answer_are_two_questions(
    headers: dict[str, str], automatic: bool, for_people: bool
) -> None:
    mail = read(plain("I am away", **headers))
    assert (mail.automatic, mail.for_people) == (automatic, for_people)


@pytest.mark.finding("messages-9")
def test_a_used_message_id_with_other_words_names_another_mail() -> None:
    first = read(plain("My kettle leaks."))
    assert read(plain("It has now caught fire.")).external_id != first.external_id
    again = read(plain("My kettle leaks.", Received="from elsewhere by here"))
    assert again.external_id == first.external_id, "the same mail by another way"
    assert again.envelope_id != first.envelope_id
    encoded = plain("My kettle leaks.").replace(
        b"7bit\n\nMy kettle leaks.", b"base64\n\nTXkga2V0dGxlIGxlYWtzLg=="
    )
    assert read(encoded).external_id == first.external_id, "servers on the way may encode anew"


def test_mail_from_nobody_or_from_ourselves_is_no_message() -> None:
    assert read(plain("x", From=OURS)).error == "from our own address: a loop"
    assert read(b"Subject: x\r\n\r\nhello", None).error == "no sender that could be answered"
    assert read(plain("x"), "<>").automatic


def test_without_a_message_id_the_raw_mail_names_itself() -> None:
    raw = b"From: ana@example.com\r\n\r\nhello"
    assert read(raw).external_id == read(raw).external_id
    assert read(raw).external_id != read(raw + b"!").external_id


def test_a_bounce_names_our_message_and_its_status() -> None:
    raw = f"""From: mailer-daemon@example.com
To: {OURS}
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

failed
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; example.com

Final-Recipient: rfc822; ana@example.com
Action: failed
Status: 5.1.1

--b
Content-Type: text/rfc822-headers

Message-ID: <{ID}@safar.example>

--b--
""".encode()
    bounce = read(raw, "<>").bounce
    assert bounce is not None
    assert (bounce.message_id, bounce.status) == (UUID(ID), "5.1.1")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe\x00garbage\x00",
        b"From: =?utf-8?b?!!!?= <ana@example.com>\r\nSubject: =?x?q?=ff?=\r\n\r\nhello",
        b"From: ana@example.com\r\nContent-Type: text/plain; charset=no-such-charset\r\n\r\nol\xe1",
        b"From: ana@example.com\r\nContent-Type: multipart/mixed\r\n\r\nno boundary",
        b"From: ana@example.com\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!notbase64!!!",
        b"From: <<<>>>@@@\r\nMessage-ID: [broken\r\n\r\nx",
        b"From: ana@example.com\r\n" + b"X: y\r\n" * 5000 + b"\r\nx",
    ],
)
def test_malformed_mail_never_raises(raw: bytes) -> None:
    mail = read(raw, "someone@example.com")
    assert mail.raw == raw
    assert mail.error or mail.text
    assert "\x00" not in mail.text + mail.subject


@given(st.binary(max_size=400))
def test_no_bytes_at_all_raise(raw: bytes) -> None:
    mail = read(b"From: a@b.example\r\n" + raw)
    mail.text.encode("utf-8")
    assert "\x00" not in mail.text + mail.subject + (mail.name or "")
