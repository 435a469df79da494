"""The listener: 250 means kept."""

from collections.abc import AsyncIterator

import aiosmtplib
import pytest

from safar.channels.email_in import MAIL_BYTES_MAX, MailListener
from safar.channels.inbound_mail import InboundMail
from safar.settings import Settings

RAW = b"From: ana@example.com\r\nTo: shop@safar.example\r\nMessage-ID: <1@x>\r\n\r\nhello\r\n"


class Taker:
    """Keeps what is delivered, or refuses to."""

    def __init__(self) -> None:
        self.mails: list[InboundMail] = []
        self.away = False

    async def __call__(self, mail: InboundMail) -> None:
        if self.away:
            raise OSError("no database")
        self.mails.append(mail)


@pytest.fixture
async def listening(settings: Settings) -> AsyncIterator[tuple[MailListener, Taker]]:
    taker = Taker()
    listener = MailListener(settings, taker)
    await listener.open(port=0)
    yield listener, taker
    await listener.close()


async def send(listener: MailListener, raw: bytes, to: str = "shop@safar.example") -> None:
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=listener.port, timeout=5) as client:
        await client.sendmail("ana@example.com", [to], raw)


async def test_a_mail_is_delivered_before_it_is_answered(listening: tuple[MailListener, Taker]) -> None:
    listener, taker = listening
    await send(listener, RAW)
    assert taker.mails[0].text == "hello"


async def test_a_mail_that_cannot_be_kept_is_left_with_its_sender(
    listening: tuple[MailListener, Taker],
) -> None:
    listener, taker = listening
    taker.away = True
    with pytest.raises(aiosmtplib.SMTPDataError) as refused:
        await send(listener, RAW)
    assert refused.value.code == 451
    taker.away = False
    await send(listener, RAW)
    assert len(taker.mails) == 1


async def test_we_relay_for_nobody(listening: tuple[MailListener, Taker]) -> None:
    listener, taker = listening
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
        await send(listener, RAW, to="victim@elsewhere.example")
    assert taker.mails == []


async def test_an_oversized_mail_is_refused(listening: tuple[MailListener, Taker]) -> None:
    listener, taker = listening
    with pytest.raises(aiosmtplib.SMTPResponseException) as refused:
        await send(listener, RAW + b"x" * 70 + (b"y" * 998 + b"\r\n") * (MAIL_BYTES_MAX // 1000))
    assert refused.value.code == 552
    assert taker.mails == []
