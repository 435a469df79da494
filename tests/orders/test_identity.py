"""Whose an order is, what its links show, and to whom the bot tells of it."""

import re
from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from safar.answers.actions import Bot
from safar.customers.actions import IdentityRequest, identify_many
from safar.customers.pages import customer_timeline
from safar.customers.visitor import COOKIE, unsigned
from safar.inbox.model import Inbound
from safar.journal.actions import read_events
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Database
from safar.kernel.ids import new_id
from safar.orders.links import order_link
from safar.orders.new_link import renew_link
from tests.stage.checkout import VERA, another, buy, mailed, path
from tests.stage.inbox import mail, receive, web

pytestmark = pytest.mark.finding("security-2")


def visitor(context: Context, client: httpx.AsyncClient) -> UUID:
    found = unsigned(context.vault, client.cookies[COOKIE])
    assert found is not None
    return found.visitor_id


async def owners(database: Database) -> tuple[list[UUID], dict[str, UUID]]:
    """Return whose the orders are, in their order, and who has which e-mail address."""
    async with database.connection() as connection:
        orders = await connection.execute("SELECT customer_id FROM orders ORDER BY number")
        known = await connection.execute(
            "SELECT value, customer_id FROM customer_identities WHERE kind = 'email'"
        )
        return [id_ for (id_,) in await orders.fetchall()], dict(await known.fetchall())


async def told(context: Context, question: Inbound) -> str:
    """Return what the bot says to a question."""
    (receipt,) = await receive(context, question)
    async with context.database.transaction() as connection:
        found = await read_events(connection, after=0, until=10**9, limit=500, names=["message.received"])
        asked = [event for event in found if event.properties["message_id"] == str(receipt.message_id)]
        await Bot(context.settings).take(connection, asked)
    async with context.database.connection() as connection:
        said = await connection.execute(
            "SELECT body FROM messages WHERE conversation_id = %s AND author = 'bot'"
            " ORDER BY at DESC, id DESC",
            [receipt.conversation_id],
        )
        return " ".join(body for (body,) in (await said.fetchall())[:1])


async def test_who_types_a_strangers_address_first_gets_nothing_of_theirs(
    browser: httpx.AsyncClient, context: Context, database: Database
) -> None:
    await buy(browser)
    eve = visitor(context, browser)
    async with another(browser) as hers:
        order = await buy(hers)
        vera = visitor(context, hers)
        assert await owners(database) == ([eve, vera], {}), "typed addresses make nobody anybody"
        assert (await hers.get(await mailed(database, order))).status_code == 200
    assert await owners(database) == ([eve, vera], {VERA: vera})
    for question in ("Where is my order?", f"Where is order {order['number']}?"):
        assert str(order["number"]) not in await told(context, web(question, visitor=eve))
    assert str(order["number"]) in await told(context, web("Where is my order?", visitor=vera))
    # Her own mail is told of all orders with her address, and lands in no conversation of Eve's.
    assert str(order["number"]) in await told(context, mail("Where is my order?", address=VERA))
    async with database.connection() as connection:
        found = await connection.execute(
            "SELECT DISTINCT address FROM messages WHERE customer_id = %s AND direction = 'in'", [eve]
        )
        assert await found.fetchall() == [(str(eve),)]


async def test_the_mail_of_an_order_that_a_stranger_placed_does_not_make_them_its_reader(
    browser: httpx.AsyncClient, context: Context, database: Database
) -> None:
    order = await buy(browser)
    eve = visitor(context, browser)
    async with another(browser) as hers:
        assert (await hers.get(await mailed(database, order))).status_code == 200
        later = await buy(hers)
        await hers.get(await mailed(database, later))
    orders, known = await owners(database)
    assert known[VERA] != eve
    assert orders == [known[VERA], known[VERA]]
    assert str(order["number"]) in await told(context, web("Where is my order?", visitor=eve))
    assert str(later["number"]) not in await told(context, web("Where is my order?", visitor=eve))


async def test_a_typed_address_that_somebody_has_gives_them_no_order_and_no_browser(
    browser: httpx.AsyncClient, context: Context, database: Database
) -> None:
    async with database.transaction() as connection:
        request = IdentityRequest(kind="email", value=VERA, language="en")
        [vera] = await identify_many(connection, [request])
    await buy(browser)
    eve = visitor(context, browser)
    assert await owners(database) == ([eve], {VERA: vera})


@pytest.mark.finding("security-low-known_as")
async def test_a_strangers_browsing_is_not_the_victims(
    browser: httpx.AsyncClient, context: Context, database: Database
) -> None:
    async with database.transaction() as connection:
        request = IdentityRequest(kind="email", value=VERA, language="en")
        [vera] = await identify_many(connection, [request])
    await buy(browser)
    async with database.connection() as connection:
        names = [event.name for event in await customer_timeline(connection, vera)]
    assert names == ["customer.identified", "customer.created"]


@pytest.mark.finding("customer-side-28")
async def test_the_signed_page_proves_the_order_to_the_bot(
    browser: httpx.AsyncClient, context: Context, database: Database
) -> None:
    order = await buy(browser)
    question = f"Where is my order {order['number']}?"
    async with another(browser) as phone:
        assert (await phone.get("/")).status_code in (200, 404)
        theirs = visitor(context, phone)
        assert str(order["number"]) not in await told(context, web(question, visitor=theirs))
        await phone.head(path(order["url"]))
        await phone.get(path(order["url"]), headers={"sec-purpose": "prefetch"})
    async with another(browser) as opened:
        await opened.get(path(order["url"]))
        assert str(order["number"]) in await told(context, web(question, visitor=visitor(context, opened)))


@pytest.mark.finding("security-low-links")
async def test_a_link_that_was_passed_on_shows_how_the_order_stands_and_not_whose_it_is(
    browser: httpx.AsyncClient, database: Database
) -> None:
    order = await buy(browser)
    own = await browser.get(path(order["url"]))
    assert "1 Mill Lane" in own.text
    assert "invoice.pdf" in own.text
    async with another(browser) as friend:
        given = await friend.get(path(order["url"]))
        assert given.status_code == 200
        assert str(order["number"]) in given.text
        for hidden in ("1 Mill Lane", "Vera Victim", VERA, "invoice.pdf", "cancellation"):
            assert hidden not in given.text, hidden
        for door, method in (("/invoice.pdf", "GET"), ("/cancellation", "POST"), ("/return", "GET")):
            refused = await friend.request(method, path(order["url"]) + door)
            assert refused.status_code == 403, door
        by_mail = await friend.get(await mailed(database, order))
        assert "1 Mill Lane" in by_mail.text
        assert "1 Mill Lane" in (await friend.get(path(order["url"]))).text
    async with database.connection() as connection:
        found = await connection.execute("SELECT state FROM orders")
        assert await found.fetchall() == [("confirmed",)]


@pytest.mark.finding("security-low-links")
async def test_links_end_and_can_be_taken_back(
    browser: httpx.AsyncClient, context: Context, database: Database
) -> None:
    order = await buy(browser)
    mine, order_id = [path(order["url"]), await mailed(database, order)], UUID(order["id"])
    with clock.held(clock.now() - timedelta(days=context.settings.order_link_days + 1)):
        too_old = path(order_link(context, order_id))
    assert (await browser.get(too_old)).status_code == 410
    with clock.held(clock.now() + timedelta(seconds=10)):
        link = order_link(context, order_id)
        async with database.transaction() as connection:
            await renew_link(connection, order_id, link, staff_id=new_id())
            cursor = await connection.execute("SELECT body FROM messages WHERE subject LIKE 'A new link%'")
            ((body,),) = await cursor.fetchall()
    new = path(link)
    assert link in body
    for link in mine:
        assert (await browser.get(link)).status_code == 410
        assert (await browser.get(link.replace("/orders/", "/pay/"))).status_code in (404, 410)
        assert (await browser.post(f"{link}/cancellation")).status_code == 410
    assert (await browser.get(new)).status_code == 200
    for forged in (context.vault.sign("order", "x"), context.vault.sign("order", order["id"]), "x" * 300):
        assert (await browser.get(f"/orders/{forged}")).status_code == 404


async def test_what_a_program_or_the_page_is_given_is_never_the_mails_own_link(
    browser: httpx.AsyncClient, database: Database
) -> None:
    """Eve types Vera's address and opens every address that she herself gets: nothing is proven by it."""
    order = await buy(browser)
    shown = await browser.get(path(order["url"]))
    for link in {path(order["url"]), *re.findall(r'href="(/orders/[^"/]+)"', shown.text)}:
        await browser.get(link)
    assert (await owners(database))[1] == {}
