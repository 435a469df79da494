"""How long the units of a bank transfer are kept: briefly, until a mail to the customer came back."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from safar.customers.actions import Proof
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Database, value
from safar.orders.model import Taken
from safar.orders.ownership import take_proof
from safar.orders.place import place_many
from safar.orders.reading import orders_by_id
from safar.payments.books.names import TRANSFER
from tests.stage.checkout import another, buy, mailed, path
from tests.stage.payments import offer
from tests.stage.shop import request

pytestmark = pytest.mark.finding("security-5")
_SHORT, _LONG = timedelta(hours=24), timedelta(days=5)


async def kept(database: Database, *orders: dict[str, Any]) -> list[timedelta]:
    """Return for how long the ledger keeps each order's units; the orders say the same."""
    async with database.connection() as connection:
        found = await connection.execute(
            "SELECT h.expires_at - o.placed_at, h.expires_at = o.held_until FROM orders AS o"
            " JOIN capacity_holds AS h ON h.id = o.hold_id"
            " WHERE o.id = ANY(%s) AND h.state = 'live' ORDER BY o.number",
            [[UUID(order["id"]) for order in orders]],
        )
        times = await found.fetchall()
    assert all(agree for _time, agree in times)
    return [time for time, _agree in times]


async def test_a_transfer_is_waited_for_long_only_once_the_mail_about_it_was_opened(
    browser: httpx.AsyncClient, context: Context, database: Database
) -> None:
    await offer(context, TRANSFER, holder="Safar", account="12345678")
    first = await buy(browser, provider=TRANSFER)
    page = path(first["url"])
    second = await buy(browser, provider=TRANSFER)
    assert "Open the link in our e-mail by then to confirm" in (await browser.get(page)).text
    assert await kept(database, first, second) == [_SHORT, _SHORT], "the order's page is no mail"
    async with database.connection() as connection:
        body = await value(
            connection, "SELECT body FROM messages WHERE direction = 'out' ORDER BY at LIMIT 1"
        )
    assert "Open the link in this e-mail by then to confirm" in body
    assert (await browser.get(await mailed(database, first))).status_code == 200
    assert await kept(database, first, second) == [_LONG, _LONG]
    assert "Open the link in our e-mail by then" not in (await browser.get(page)).text
    assert await kept(database, await buy(browser, provider=TRANSFER)) == [_LONG], "the mailbox is proven"
    async with another(browser) as stranger:
        theirs = await buy(stranger, provider=TRANSFER)
        assert await kept(database, theirs) == [_SHORT], "they only typed the address"


async def test_who_confirms_after_the_short_hold_gets_no_longer_one(context: Context) -> None:
    minutes = {"hold_minutes": 5 * 24 * 60.0, "hold_minutes_unproven": 24 * 60.0}
    with clock.held(clock.now()) as held:
        asked = request(provider=TRANSFER, **minutes)
        assert isinstance(await context.batched(place_many, asked), Taken)
        held.advance(seconds=25 * 3600)
        async with context.database.transaction() as connection:
            (order,) = (await orders_by_id(connection, [asked.order_id])).values()
            proof = Proof(
                claimant=order.customer_id,
                kind="email",
                value=order.email,
                language="en",
                browser=order.customer_id,
            )
            await take_proof(connection, proof)
            (after,) = (await orders_by_id(connection, [asked.order_id])).values()
        assert after.proven
        assert after.held_until == order.held_until < clock.now()
