"""What a buyer's browser does at the checkout, and what comes of it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx

from safar.customers.visitor import COOKIE
from safar.kernel.context import Context
from safar.kernel.database import Database, value
from safar.kernel.ids import new_id
from safar.orders.links import order_link


async def count(database: Database, table: str) -> int:
    async with database.connection() as connection:
        return int(await value(connection, f"SELECT count(*) FROM {table}"))


def hidden(page: httpx.Response) -> str:
    found = re.search(r'name="order_id" value="([0-9a-f-]{36})"', page.text)
    assert found
    return found[1]


async def filled(browser: httpx.AsyncClient, sku: str = "MUG", quantity: int = 1) -> str:
    """Put units in the cart and go to the checkout; return the form's order id."""
    added = await browser.post("/cart/lines", data={"sku": sku, "quantity": quantity})
    assert added.status_code == 303
    return hidden(await browser.get("/checkout"))


ADDRESS = {"address": "1 Mill Lane", "postcode": "YO1 7HH", "city": "York", "country": "GB"}
BUYER = {"name": "Ada Lovelace", "email": "ada@customers.example", "provider": "cod", **ADDRESS}
VERA = "vera@example.com"


@asynccontextmanager
async def another(browser: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    """Another person's browser on the same shop."""
    async with httpx.AsyncClient(base_url=browser.base_url, timeout=20) as client:
        yield client


async def buy(client: httpx.AsyncClient, email: str = VERA, provider: str = "cod") -> dict[str, Any]:
    body = {
        "id": str(new_id()),
        "sku": "MUG",
        "quantity": 1,
        "name": "Vera Victim",
        "email": email,
        "address": "1 Mill Lane",
        "city": "York",
        "provider": provider,
        "language": "en",
    }
    if COOKIE not in client.cookies:  # orders are taken when the cookie came back
        await client.get("/cart")
    answer = await client.post("/buy", json=body)
    assert answer.status_code == 201, answer.text
    return {**answer.json(), "id": answer.json()["order"]}


def path(url: str) -> str:
    return "/" + url.split("/", 3)[3]


async def mailed(database: Database, order: dict[str, Any]) -> str:
    """Return the path of the link in the order's mail."""
    async with database.connection() as connection:
        found = await connection.execute(
            "SELECT body FROM messages WHERE direction = 'out' AND subject LIKE %s", [f"%{order['number']}%"]
        )
        ((body,),) = await found.fetchall()
    link = re.search(r"http://\S+(/orders/\S+)", body)
    assert link is not None
    return link.group(1)


def path_of(context: Context, order_id: UUID) -> str:
    """Return the order's page as its mails give it: these browsers did not place the orders."""
    return "/orders/" + order_link(context, order_id).rpartition("/")[2]
