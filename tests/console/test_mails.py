"""Staff change the words of the shop's mails, look at them, and send themselves one."""

from collections.abc import AsyncIterator

import httpx
import pytest

from safar.channels.actions import ensure_channels
from safar.console.build import build_console
from safar.console.mail_samples import SAMPLES
from safar.kernel.context import Context
from safar.kernel.database import tuples
from safar.kernel.i18n import LANGUAGES
from tests.stage.books import events
from tests.stage.people import signed_in
from tests.stage.serving import Serve

PAGE = "/mails/order-confirmed?mail_language=fa"


@pytest.fixture
async def desk(context: Context, serve: Serve) -> AsyncIterator[httpx.AsyncClient]:
    async with context.database.transaction() as connection:
        await ensure_channels(connection)
    async with await signed_in(context, await serve(build_console(context)), role="manager") as client:
        yield client


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", SAMPLES)
def test_each_kind_of_mail_has_a_sample_written_by_what_writes_it(key: str, language: str) -> None:
    kind, write = SAMPLES[key]
    mail = write(language, "https://shop.example")
    assert mail.letter is not None
    assert mail.letter.kind == kind.key == key
    assert set(mail.letter.named) >= set(kind.named)
    assert "%(" not in f"{mail.subject}{mail.body}"


async def test_words_that_staff_write_are_previewed_sent_and_kept_with_who_changed_them(
    desk: httpx.AsyncClient, context: Context
) -> None:
    said = {"subject": "سفارش {{ number }} <رسید>", "intro": "درود بر شما", "closing": ""}
    for _time in range(2):
        assert (await desk.post(PAGE, data=said)).status_code == 303
    assert await events(context.database, "message.text_changed") == ["message.text_changed"]
    assert "درود بر شما" in (await desk.get(PAGE)).text
    assert 'href="/mails/order-confirmed"' in (await desk.get("/mails")).text
    preview = await desk.get("/mails/order-confirmed/preview?mail_language=fa")
    assert "سفارش 10001 &lt;رسید&gt;" in preview.text
    assert "درود بر شما" in preview.text
    assert "sandbox" in preview.headers["content-security-policy"]
    assert preview.headers["x-frame-options"] == "SAMEORIGIN"
    english = await desk.get("/mails/order-confirmed/preview?mail_language=en")
    assert "درود" not in english.text
    assert (await desk.post("/mails/order-confirmed/send-me?mail_language=fa")).status_code == 303
    async with context.database.connection() as connection:
        ((subject, body, customer_id),) = await tuples(
            connection, "SELECT subject, body, customer_id FROM messages"
        )
    assert subject == "سفارش 10001 <رسید>"
    assert "درود بر شما" in body
    assert customer_id is None
    await desk.post(PAGE, data={"subject": "", "intro": "", "closing": ""})
    assert "درود" not in (await desk.get("/mails/order-confirmed/preview?mail_language=fa")).text


async def test_a_name_that_the_mail_does_not_know_is_refused_beside_its_field(
    desk: httpx.AsyncClient,
) -> None:
    answer = await desk.post(PAGE, data={"subject": "{{ password }}"})
    assert answer.status_code == 422
    assert "password" in answer.text
    assert (await desk.get("/mails/nothing")).status_code == 404
