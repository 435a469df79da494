"""A small shop with an impatient checkout, its public payment doors, and what payments are looked at with."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from safar.catalogue.actions import import_products, variant_id_of
from safar.channels.actions import ensure_channels
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Database, value
from safar.kernel.ids import new_id
from safar.kernel.web.actor import Actor
from safar.kernel.web.surface import Surface, build_surface
from safar.orders.model import Order, OrderRequest, Taken
from safar.orders.reading import orders_by_id
from safar.payments import public, ways
from safar.payments.books.model import OrderMoney, Receipt, Refund
from safar.payments.books.reading import accounts_of, receipts_of, refunds_of
from safar.payments.providers.port import Configured
from safar.payments.providers.test_card import provider as test_card
from safar.settings import Settings
from safar.shop.checkout.take_order import take_order
from safar.stock import actions as stock
from safar.stock.model import MAIN
from safar.stock.model import StockReceipt as Delivery
from tests.stage import books
from tests.stage.buyers import anybody
from tests.stage.serving import Serve
from tests.stage.shop import Item

MUG = variant_id_of("MUG")
MANAGER = Actor(new_id(), "meg@shop.example", "Meg", "manager")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, secret_key="only-for-tests", payment_timeout_s=0.4)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds of a provider's are hundredths here."""
    monkeypatch.setattr(test_card, "SLOW_S", 0.02)


@pytest.fixture
def later() -> Iterator[Any]:
    """A clock of the recovery loop's, to be put forward."""
    with clock.held(clock.now()) as held:
        yield held


ITEMS = [
    Item("MUG", "Retrospot mug", price_minor=495, currency="GBP"),
    Item("REDE", "Rede de dormir", price_minor=12990, currency="BRL"),
    Item("CHAI", "Masala chai", price_minor=45000, currency="INR"),
    Item("KANNE", "Teekanne", price_minor=2300, currency="EUR"),
]


@pytest.fixture
async def shop(database: Database) -> None:
    """Ten units of one thing for each currency."""
    async with database.transaction() as connection:
        await ensure_channels(connection)
        await stock.ensure_locations(connection)
        await import_products(connection, ITEMS)
        deliveries = [
            Delivery(
                move_id=new_id(),
                variant_id=variant_id_of(item.sku),
                location_id=MAIN,
                quantity=10,
                reason="delivery",
            )
            for item in ITEMS
        ]
        await stock.receive_stock_many(connection, deliveries)


@pytest.fixture
async def doors(context: Context, serve: Serve) -> AsyncIterator[httpx.AsyncClient]:
    """The public doors of paying, over real HTTP."""
    surface = Surface(
        "front",
        lambda _request: {"cart_count": 0, "query": "", "people_answer": "", "shop_name": "Safar"},
        signed=public.SIGNED_PATHS,
    )
    base = await serve(build_surface(context, surface, public.routes))
    async with httpx.AsyncClient(base_url=base, timeout=20) as client:
        yield client


def request(sku: str = "MUG", **other: Any) -> OrderRequest:
    """An order of one unit, with what `other` says instead."""
    order_id = other.pop("order_id", None) or new_id()
    currency = next(item.currency for item in ITEMS if item.sku == sku)
    plain = OrderRequest(
        **anybody(),
        order_id=order_id,
        customer_id=new_id(),
        campaign_id=None,
        cart_id=None,
        lines=((variant_id_of(sku), other.pop("units", 1)),),
        email=f"{order_id.hex}@customers.example",
        name="Ada",
        address="1 Mill Lane",
        language="en",
        provider="test",
        currency=currency,
        link="https://shop.example/orders/x",
    )
    return replace(plain, **other)


async def taken(context: Context, sku: str, provider: str, **other: Any) -> Taken:
    """Take an order that is to be paid in some way, its units kept for as long as that way has patience."""
    minutes = ways.hold_minutes(context.settings, provider)
    answer = await take_order(context, request(sku, provider=provider, hold_minutes=minutes, **other))
    assert isinstance(answer, Taken)
    return answer


async def free(context: Context, sku: str = "MUG") -> tuple[int, int]:
    """On hand and held of a variant in the main warehouse."""
    async with context.database.connection() as connection:
        level = (await stock.levels(connection, [variant_id_of(sku)]))[variant_id_of(sku), MAIN]
        return level.on_hand, level.held


async def events(context: Context, *names: str) -> list[str]:
    return await books.events(context.database, *names)


async def books_agree(context: Context) -> None:
    """Goods, holds and money: what the rows say is the sum of what happened."""
    await books.books_agree(context.database)
    async with context.database.connection() as connection:
        wrong = await connection.execute(
            """
            SELECT p.order_id FROM payments AS p
            WHERE
                p.captured_minor <> (
                    SELECT coalesce(sum(r.amount_minor), 0) FROM payment_receipts AS r
                    WHERE r.order_id = p.order_id
                )
                OR p.refunding_minor <> (
                    SELECT coalesce(sum(r.amount_minor), 0) FROM refunds AS r WHERE r.order_id = p.order_id
                )
                OR p.refunded_minor <> (
                    SELECT coalesce(sum(r.amount_minor), 0) FROM refunds AS r
                    WHERE r.order_id = p.order_id AND r.state = 'done'
                )
                OR p.refunding_minor > greatest(p.captured_minor, p.amount_minor)
            """
        )
        assert await wrong.fetchall() == []


async def offer(
    context: Context, provider: str, *, secrets: dict[str, str] | None = None, **details: str
) -> None:
    """Set a way to pay up, as a manager does."""
    way = Configured(provider, True, (), (), details, secrets or {})
    await ways.save_way(context, way, actor=MANAGER)


async def order(context: Context, order_id: object) -> Order:
    async with context.database.connection() as connection:
        return (await orders_by_id(connection, [UUID(str(order_id))]))[UUID(str(order_id))]


async def money(context: Context, order_id: UUID) -> OrderMoney:
    async with context.database.connection() as connection:
        return (await accounts_of(connection, [order_id]))[order_id]


async def receipts(context: Context, order_id: UUID) -> list[Receipt]:
    async with context.database.connection() as connection:
        return await receipts_of(connection, order_id)


async def refunds(context: Context, order_id: UUID) -> list[Refund]:
    async with context.database.connection() as connection:
        return await refunds_of(connection, order_id)


async def charged(context: Context, order_id: object) -> str | None:
    """What the test card's own book says."""
    async with context.database.connection() as connection:
        outcome = await value(
            connection, "SELECT outcome FROM test_card_charges WHERE key = %s", [UUID(str(order_id))]
        )
        return outcome if outcome is None else str(outcome)


async def mails(context: Context) -> list[tuple[str, str]]:
    """Subject and text of what was written to customers, in order."""
    async with context.database.connection() as connection:
        found = await connection.execute("SELECT subject, body FROM messages ORDER BY at, id")
        return [(str(subject), str(body)) for subject, body in await found.fetchall()]
