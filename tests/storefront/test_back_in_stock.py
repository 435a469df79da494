"""Being told when something is back: confirmed by e-mail, each once, as many as units are free."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from safar.catalogue.actions import variant_id_of
from safar.customers.actions import Consent, consent_many, identify_many
from safar.customers.model import IdentityRequest
from safar.customers.visitor import Visitor, signed
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Database
from safar.kernel.ids import new_id
from safar.storefront import back_in_stock
from safar.storefront.back_in_stock import forget_old_requests, tell_step
from safar.storefront.errors import TooManyFromNetwork
from safar.storefront.model import BackRequest
from tests.stage.books import events
from tests.stage.shop import receive

GONE = variant_id_of("SHIRT-RS")
FIRST = UUID(int=0)


async def mails(database: Database) -> list[tuple[str, str, str]]:
    """Every mail: to whom, about what, and its text."""
    async with database.connection() as connection:
        found = await connection.execute("SELECT address, subject, body FROM messages ORDER BY at, id")
        return [(address, subject, body) for address, subject, body in await found.fetchall()]


async def ask(
    browser: httpx.AsyncClient, email: str, sku: str = "SHIRT-RS", **headers: str
) -> httpx.Response:
    return await browser.post("/back-in-stock", data={"sku": sku, "email": email}, headers=headers)


async def wait(database: Database, emails: Sequence[str], *, language: str = "en") -> None:
    """Write confirmed requests, in this order."""
    async with database.transaction() as connection:
        asked = [IdentityRequest(kind="email", value=email, language=language) for email in emails]
        customers = await identify_many(connection, asked)
        for at, (email, customer_id) in enumerate(zip(emails, customers, strict=True)):
            await connection.execute(
                "INSERT INTO back_in_stock_requests (id, variant_id, customer_id, email, language, state,"
                " asked_at, confirmed_at) VALUES (%s, %s, %s, %s, %s, 'confirmed', %s, %s)",
                [
                    new_id(),
                    GONE,
                    customer_id,
                    email,
                    language,
                    clock.now(),
                    clock.now() - timedelta(hours=1) + timedelta(seconds=at),
                ],
            )


def order(email: str) -> dict[str, object]:
    return {
        "id": str(new_id()),
        "sku": "SHIRT-RS",
        "quantity": 1,
        "name": "Ada",
        "email": email,
        "address": "1 Mill Lane",
        "provider": "cod",
        "language": "en",
    }


async def told(database: Database) -> list[str]:
    async with database.connection() as connection:
        found = await connection.execute(
            "SELECT email FROM back_in_stock_requests WHERE state = 'told' ORDER BY confirmed_at, id"
        )
        return [email for (email,) in await found.fetchall()]


async def test_a_stranger_confirms_by_the_link_of_the_mail_in_their_language(
    browser: httpx.AsyncClient, database: Database, context: Context
) -> None:
    answer = await ask(browser, "Ada@Customers.example", **{"accept-language": "fa"})
    assert answer.headers["location"] == "/back-in-stock?state=asked&product=cotton-shirt"
    assert (await browser.get(answer.headers["location"])).status_code == 200
    [(address, subject, body)] = await mails(database)
    assert address == "ada@customers.example"
    assert "پیراهن نخی" in subject
    path = re.search(r"http://[^/]+(/back-in-stock/\S+)", body)
    assert path is not None
    await receive(database, {"SHIRT-RS": 1})
    assert await tell_step(context, FIRST) == (None, 0)  # a mail nobody answered asks for nothing
    assert "Yes, e-mail me" in (await browser.get(path.group(1))).text  # looking at it changes nothing
    assert await events(database, "back_in_stock.confirmed") == []
    for _time in range(2):
        assert "You’ll get one e-mail as soon as" in (await browser.post(path.group(1))).text
    assert await tell_step(context, FIRST) == (None, 1)
    assert await tell_step(context, FIRST) == (None, 0)
    last = (await mails(database))[-1]
    assert last[0] == "ada@customers.example"
    assert "پیراهن نخی" in last[1]
    assert "/p/cotton-shirt?sku=SHIRT-RS&lang=fa" in last[2]
    assert "We’ve e-mailed you" in (await browser.get(path.group(1))).text
    assert await events(database, "back_in_stock.asked", "back_in_stock.confirmed", "back_in_stock.told") == [
        "back_in_stock.asked",
        "back_in_stock.confirmed",
        "back_in_stock.told",
    ]


async def test_somebody_we_may_write_to_and_who_is_known_in_this_browser_need_not_confirm(
    browser: httpx.AsyncClient, database: Database, context: Context
) -> None:
    async with database.transaction() as connection:
        request = IdentityRequest(kind="email", value="ada@customers.example", language="en")
        [ada] = await identify_many(connection, [request])
        await consent_many(connection, [Consent(ada, "email", True, "test")])
    stranger = await ask(browser, "ada@customers.example")
    assert "state=asked" in stranger.headers["location"]
    cookie = signed(context.vault, Visitor(ada))
    browser.cookies.set("visitor", cookie, domain="127.0.0.1")
    known = await ask(browser, "ada@customers.example", sku="SHIRT-BL")
    assert "state=confirmed" in known.headers["location"]
    assert len(await mails(database)) == 1  # only the stranger was asked to confirm
    async with database.transaction() as connection:
        await consent_many(connection, [Consent(ada, "email", False, "test")])
    assert "state=asked" in (await ask(browser, "ada@customers.example", sku="MUG")).headers["location"]


async def test_as_many_are_told_as_units_are_free_in_the_order_in_which_they_asked(
    database: Database, context: Context, base: str
) -> None:
    emails = [f"c{n}@customers.example" for n in range(5)]
    await wait(database, emails)
    assert await tell_step(context, FIRST) == (None, 0)
    await receive(database, {"SHIRT-RS": 2})
    both = await asyncio.gather(*(tell_step(context, FIRST) for _worker in range(3)))
    assert sum(count for _after, count in both) == 2
    assert await told(database) == emails[:2]
    assert await tell_step(context, FIRST) == (None, 0)  # the two units are still for these two
    await receive(database, {"SHIRT-RS": 1})
    assert await tell_step(context, FIRST) == (None, 1)
    assert await told(database) == emails[:3]
    async with httpx.AsyncClient(base_url=base) as eve:
        await eve.get("/")
        assert (await eve.post("/buy", json=order("eve@x.example"))).status_code == 201
    await receive(database, {"SHIRT-RS": 1})
    assert await tell_step(context, FIRST) == (None, 0), "three were told, three units are there"
    assert len({address for address, _subject, _body in await mails(database) if "c" in address}) == 3


async def test_whoever_bought_after_being_told_stands_in_nobodys_way(
    database: Database, context: Context, browser: httpx.AsyncClient
) -> None:
    await wait(database, ["a@x.example", "b@x.example"])
    await receive(database, {"SHIRT-RS": 1})
    assert await tell_step(context, FIRST) == (None, 1)
    await browser.get("/")
    assert (await browser.post("/buy", json=order("a@x.example"))).status_code == 201
    await receive(database, {"SHIRT-RS": 1})
    assert await tell_step(context, FIRST) == (None, 1)
    assert await told(database) == ["a@x.example", "b@x.example"]


async def test_asking_twice_is_one_request_and_one_key_means_one_thing(
    browser: httpx.AsyncClient, database: Database
) -> None:
    key = {"idempotency-key": str(new_id())}
    body = {"sku": "SHIRT-RS", "email": "ada@customers.example"}
    for _time in range(2):
        answer = await browser.post("/back-in-stock", json=body, headers=key)
        assert (answer.status_code, answer.json()) == (202, {"state": "asked"})
    other = await browser.post("/back-in-stock", json={**body, "email": "eve@x.example"}, headers=key)
    assert (other.status_code, other.json()["error"]) == (409, "same_key_other_body")
    assert "state=asked" in (await ask(browser, "ada@customers.example")).headers["location"]
    assert len(await mails(database)) == 1
    async with database.transaction() as connection:  # the mail may be lost: later another is written
        await connection.execute("UPDATE back_in_stock_requests SET asked_at = now() - interval '1 hour'")
    await ask(browser, "ada@customers.example")
    assert len(await mails(database)) == 2


async def test_nobodys_mailbox_is_filled_by_others(browser: httpx.AsyncClient, database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO back_in_stock_requests"
            " (id, variant_id, customer_id, email, language, state, asked_at)"
            " SELECT gen_random_uuid(), %s, gen_random_uuid(), 'ada@x.example', 'en', 'cancelled', now()"
            " FROM generate_series(1, 20)",
            [GONE],
        )
    assert (await ask(browser, "ada@x.example")).status_code == 429
    assert await mails(database) == []


@pytest.mark.parametrize("email", ["", "x", "a@b", "a b@c.example", "<b>@c.example"])
async def test_what_is_no_address_is_said_on_the_page(browser: httpx.AsyncClient, email: str) -> None:
    page = await ask(browser, email)
    assert page.status_code == 422
    assert 'id="f-email-error"' in page.text
    assert "<b>@" not in page.text


async def test_a_request_can_be_taken_back_and_is_forgotten_in_time(
    browser: httpx.AsyncClient, database: Database, context: Context
) -> None:
    await ask(browser, "ada@x.example")
    path = re.findall(r"http://[^/]+(/back-in-stock/\S+)", (await mails(database))[0][2])[0]
    await browser.post(path)
    assert "cancelled" in (await browser.post(f"{path}/cancel")).text
    await receive(database, {"SHIRT-RS": 1})
    assert await tell_step(context, FIRST) == (None, 0)
    for forged in ("/back-in-stock/x", f"{path}x"):
        assert (await browser.get(forged)).status_code == 404
        assert (await browser.post(forged)).status_code == 404
    await ask(browser, "eve@x.example")
    async with database.transaction() as connection:
        await connection.execute("UPDATE back_in_stock_requests SET asked_at = asked_at - interval '8 days'")
        assert await forget_old_requests(connection) == 1  # the one that was never confirmed
        await connection.execute("UPDATE back_in_stock_requests SET asked_at = asked_at - interval '90 days'")
        assert await forget_old_requests(connection) == 1
    assert (await browser.get(path)).status_code == 404


@pytest.mark.finding("security-13")
async def test_one_network_causes_so_many_mails_to_strangers_whatever_browsers_and_addresses_it_uses(
    browser: httpx.AsyncClient, context: Context, database: Database
) -> None:
    settings = context.settings.model_copy(update={"confirm_mails_network_hour": 2})
    limited = replace(context, settings=settings)

    async def asked(number: int, network: str | None = "203.0.113.9") -> str:
        one = BackRequest(
            key=new_id(),
            variant_id=variant_id_of("SHIRT-BL"),
            customer_id=new_id(),
            language="en",
            email=f"stranger{number}@x.example",
            campaign_id=None,
            network=network,
        )
        async with database.transaction() as connection:
            return await back_in_stock.ask(limited, connection, one)

    with clock.held(clock.now()) as held:
        assert [await asked(number) for number in range(2)] == ["asked", "asked"]
        with pytest.raises(TooManyFromNetwork):
            await asked(3)
        assert await asked(4, "203.0.113.10") == "asked"
        held.advance(seconds=1800)
        assert await asked(5) == "asked"
    assert len(await mails(database)) == 4
