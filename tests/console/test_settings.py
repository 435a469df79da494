"""What an owner sets holds at once, secrets stay secret, and the first day has a list of its own."""

import re
from datetime import UTC, date, datetime

import pytest

from safar.channels.server import mail_server
from safar.console.build import build_console
from safar.kernel.context import Context
from safar.kernel.database import execute, values
from safar.kernel.hours import away_until
from safar.kernel.secrets import Vault
from safar.owner.actions import rotate_mail_password
from safar.owner.reading import stored_shop
from tests.stage.mailbox import mailbox
from tests.stage.people import signed_in
from tests.stage.serving import Serve

SERVER = {
    "mail_name": "The Lamp House", "mail_from": "hello@lamps.example", "mail_port": "25",
    "mail_security": "none", "mail_user": "", "mail_password": "",
}  # fmt: skip


@pytest.fixture
async def base(context: Context, serve: Serve) -> str:
    return await serve(build_console(context))


async def test_the_owner_sets_the_shop_and_every_page_has_it(base: str, context: Context) -> None:
    form = {"name": "Lamp <House>", "country": "us", "address": "1 Mill Lane\nBath", "tax_id": "GB 1"}
    async with await signed_in(context, base) as owner:
        answer = await owner.post("/settings/shop", data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, "/settings/shop")
        text = (await owner.get("/settings/shop")).text
        assert "Lamp &lt;House&gt;" in text
        assert "Saved." in text
        log = (await owner.get("/audit", params={"area": "shop"})).text
        assert "Name of the shop: – → Lamp &lt;House&gt;" in log
    async with context.database.connection() as connection:
        shop = await stored_shop(connection)
    assert (shop.name, shop.country, shop.address) == ("Lamp <House>", "US", ("1 Mill Lane", "Bath"))


@pytest.mark.parametrize(
    ("group", "wrong", "words"),
    [
        ("shop", {"name": ""}, "This is needed."),
        ("shop", {"country": "England"}, "Two letters"),
        ("times", {"holidays": "Christmas"}, "does not begin with a day"),
        ("mail", {"mail_port": "99999"}, "A whole number"),
        ("mail", {"mail_security": "rot13"}, "Choose one"),
    ],
)
async def test_what_is_wrong_is_said_beside_it_and_nothing_is_saved(
    base: str, context: Context, group: str, wrong: dict[str, str], words: str
) -> None:
    async with await signed_in(context, base) as owner:
        answer = await owner.post(f"/settings/{group}", data=wrong)
        assert answer.status_code == 422
        assert words in answer.text
        assert (await owner.get("/settings/nothing")).status_code == 404
    async with context.database.connection() as connection:
        keys = await values(connection, "SELECT key FROM shop_settings")
    assert not set(keys) & set(wrong)


async def test_only_an_owner_sees_the_settings(base: str, context: Context) -> None:
    async with await signed_in(context, base, role="manager") as manager:
        assert (await manager.get("/settings/mail")).status_code == 403
        assert 'href="/settings' not in (await manager.get("/")).text


async def test_the_mail_servers_password_is_encrypted_and_shown_nowhere(base: str, context: Context) -> None:
    form = {**SERVER, "mail_host": "smtp.example.com", "mail_password": "open sesame", "mail_user": "lamps"}
    async with await signed_in(context, base) as owner:
        await owner.post("/settings/mail", data=form)
        await owner.post("/settings/mail", data={**form, "mail_password": "", "mail_port": "26"})
        pages = [(await owner.get(path)).text for path in ("/settings/mail", "/audit", "/audit/file.csv")]
        assert "open sesame" not in "".join(pages)
    async with context.database.connection() as connection:
        shop = await stored_shop(connection)
        kept = await values(connection, "SELECT value::text FROM shop_settings")
        kept += await values(connection, "SELECT properties::text FROM journal_events")
    assert "open sesame" not in "".join(kept)
    assert shop.mail_password not in "".join(pages)
    server = mail_server(context.settings, shop, context.vault)
    assert (server.host, server.port, server.username, server.password) == (
        "smtp.example.com", 26, "lamps", "open sesame",
    )  # fmt: skip
    later = Vault("a key of later times")
    assert mail_server(context.settings, shop, later).password is None


async def test_a_new_key_takes_the_password_over(base: str, context: Context) -> None:
    async with await signed_in(context, base) as owner:
        form = {**SERVER, "mail_host": "smtp.example.com", "mail_password": "x y"}
        await owner.post("/settings/mail", data=form)
    async with context.database.transaction() as connection:
        assert await rotate_mail_password(connection, context.vault) is False
        assert await rotate_mail_password(connection, Vault("another key")) is None


async def test_send_me_a_test_says_what_the_server_says(base: str, context: Context) -> None:
    async with mailbox() as box, await signed_in(context, base) as owner:
        form = {**SERVER, "mail_host": "127.0.0.1", "mail_port": str(box.port)}
        await owner.post("/settings/mail", data=form)
        await owner.post("/settings/mail/test")
        assert "Test sent to" in (await owner.get("/settings/mail")).text
        (mail,) = box.messages
        assert mail["From"] == "The Lamp House <hello@lamps.example>"
        await owner.post("/settings/mail", data={**form, "mail_port": "1"})
        refused = await owner.post("/settings/mail/test")
        assert refused.status_code == 422
        assert "the mail server cannot be reached" in refused.text


def _open_steps(text: str) -> list[str]:
    return re.findall(r'id="step-(\w+)"><span class="text-secondary"', text)


async def test_a_first_day_has_a_list_that_goes_by_what_is_there(base: str, context: Context) -> None:
    async with await signed_in(context, base) as owner:
        async with context.database.connection() as connection:
            await execute(connection, "UPDATE payment_ways SET enabled = provider = 'test'")
        everything = ["name", "product", "stock", "delivery", "payment", "mail", "sale"]
        assert _open_steps((await owner.get("/")).text) == everything
        await owner.post("/settings/shop", data={"name": "Lamp House"})
        assert _open_steps((await owner.get("/")).text) == everything[1:]
    async with await signed_in(context, base, role="manager") as manager:
        assert _open_steps((await manager.get("/")).text) == []


def test_on_a_holiday_nobody_is_here() -> None:
    monday = datetime(2026, 12, 28, 10, tzinfo=UTC)
    assert away_until(monday, "Mon-Fri 09:00-18:00", "UTC") is None
    closed = {date(2026, 12, 28)}
    assert away_until(monday, "Mon-Fri 09:00-18:00", "UTC", closed) == datetime(2026, 12, 29, 9, tzinfo=UTC)
