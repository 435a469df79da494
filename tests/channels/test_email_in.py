"""The listener: 250 means kept."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiosmtplib
import pytest

from safar.channels.email_in import MAIL_BYTES_MAX, MailListener
from safar.channels.inbound_mail import InboundMail
from safar.channels.mail_limits import Callers
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
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=listener.port, timeout=30) as client:
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


@asynccontextmanager
async def listening_with(settings: Settings, **changes: Any) -> AsyncIterator[tuple[MailListener, Taker]]:
    taker = Taker()
    listener = MailListener(settings.model_copy(update=changes), taker)
    await listener.open(port=0)
    yield listener, taker
    await listener.close()


async def said(reader: asyncio.StreamReader, code: bytes) -> bytes:
    """Return the first answer with this code."""
    async with asyncio.timeout(30):
        while line := await reader.readline():
            if line.startswith(code):
                return line
    raise AssertionError(f"hung up before {code!r}")


async def begun(listener: MailListener) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Return a connection that may send its mail now."""
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    await said(reader, b"220")
    for command in (b"HELO a", b"MAIL FROM:<a@b.example>", b"RCPT TO:<shop@safar.example>", b"DATA"):
        writer.write(command + b"\r\n")
        await said(reader, b"354" if command == b"DATA" else b"250")
    return reader, writer


@pytest.mark.finding("messages-16")
@pytest.mark.parametrize("length", [999, 1_500, 70_000, 3_000_000])
async def test_a_line_may_be_long(listening: tuple[MailListener, Taker], length: int) -> None:
    listener, taker = listening
    raw = RAW.replace(b"hello", b"hello " + b"x" * length)
    await send(listener, raw)
    assert taker.mails[0].raw == raw


async def test_doubled_dots_and_a_dot_alone_are_read_as_they_are_meant(
    listening: tuple[MailListener, Taker],
) -> None:
    listener, taker = listening
    raw = RAW.replace(b"hello", b"hello\r\n.\r\n..two\r\nend")
    await send(listener, raw)
    assert taker.mails[0].raw == raw
    reader, writer = await begun(listener)
    writer.write(b".\r\n")
    await said(reader, b"250")
    assert taker.mails[1].raw == b""
    writer.close()


@pytest.mark.finding("security-9")
async def test_connections_have_a_number_before_anything_is_said(settings: Settings) -> None:
    async with listening_with(settings, mail_in_connections=2) as (listener, _taker):
        kept = [await begun(listener) for _ in range(2)]
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        assert await said(reader, b"421")
        for _reader, open_writer in [*kept, (reader, writer)]:
            open_writer.close()


@pytest.mark.finding("security-9")
async def test_unfinished_mails_have_a_budget_and_the_largest_goes_first(settings: Settings) -> None:
    async with listening_with(settings) as (listener, taker):
        listener._callers = Callers(connections_max=20, per_network_max=20, held_max=300_000)
        reader, writer = await begun(listener)
        writer.write(b"x" * 250_000)
        await writer.drain()
        other_reader, other = await begun(listener)
        other.write(b"y" * 100_000)
        await other.drain()
        assert await said(reader, b"452")
        other.write(b"\r\n.\r\n")
        assert await said(other_reader, b"250")
        assert len(taker.mails) == 1
        assert listener._callers.held_bytes == 0
        writer.close()
        other.close()


@pytest.mark.finding("security-9")
async def test_one_network_has_an_hourly_quota(settings: Settings) -> None:
    async with listening_with(settings, mails_in_per_hour=3) as (listener, taker):
        await send(listener, RAW.replace(b"hello", b"hello" * 50_000))
        with pytest.raises(aiosmtplib.SMTPSenderRefused) as refused:
            await send(listener, RAW)
        assert refused.value.code == 450
        assert len(taker.mails) == 1


@pytest.mark.finding("security-1")
async def test_a_mail_that_breaks_its_reader_is_kept_and_others_go_on(
    listening: tuple[MailListener, Taker], monkeypatch: pytest.MonkeyPatch
) -> None:
    listener, taker = listening
    monkeypatch.setattr("safar.channels.email_in._READ", "tests.stage.channels:values_or_die")
    bad = RAW.replace(b"hello", b"break the reader")
    await send(listener, bad)
    await send(listener, RAW)
    assert [mail.error for mail in taker.mails] == ["unreadable: took too long", None]
    assert taker.mails[0].raw == bad


@pytest.mark.finding("security-1")
async def test_a_command_sent_before_it_was_asked_for_ends_the_connection(
    listening: tuple[MailListener, Taker],
) -> None:
    listener, taker = listening
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    writer.write(
        b"HELO a\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<shop@safar.example>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n"
    )
    await said(reader, b"554")
    assert taker.mails == []
    writer.close()
