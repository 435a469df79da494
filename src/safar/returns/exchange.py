"""An exchange: a new order for what is wanted instead, paid with what was paid for what comes back.

That is a credit, never a discount: the new goods keep their worth, and the money goes where they go.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from safar.capacity import actions as ledger
from safar.capacity.model import Held, HoldRequest, HoldState
from safar.catalogue.actions import variants_by_id
from safar.catalogue.kits import Parts, demand_of, kits
from safar.catalogue.model import Variant
from safar.catalogue.prices import prices_in
from safar.catalogue.words import titles_in
from safar.gate.site.sites import goods_rooms
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection
from safar.kernel.i18n import number
from safar.kernel.ids import derived_id
from safar.orders.changes import event_of
from safar.orders.insert import NewOrder, NewOrderGoods, NewOrderLine, insert_orders
from safar.orders.model import Order, OrderState, PaymentState
from safar.orders.reading import order_lines_of, orders_by_id
from safar.payments.books.credits import carry_on, purses_of
from safar.pricing.model import Destination, NoShipping, Priced, Quote, QuotedLine, Rules, Tax
from safar.pricing.quote import quote
from safar.pricing.rules import rules_with
from safar.returns.errors import NothingToExchange
from safar.returns.model import Approval, Return, ReturnLine
from safar.returns.money import same_again, unit_in_terms_of, worth_of
from safar.returns.reading import credited_units
from safar.stock import actions as stock
from safar.stock.choose import Chosen, choose_locations
from safar.stock.locations import location_rule, selling_locations
from safar.stock.model import Place

_HELD_FOR = timedelta(minutes=1)  # claimed in the same transaction
CASH = "cod"


@dataclass(frozen=True, slots=True)
class Exchanged:
    """The new order; `surplus_minor`: what it is cheaper by than what comes back.
    `credit_minor`: what of its price was paid already.
    """

    order: Order
    surplus_minor: int
    credit_minor: int
    events: tuple[Event, ...]


def exchange_id(return_id: UUID) -> UUID:
    """Return the id of the order that a return is exchanged for."""
    return derived_id("exchange", return_id)


async def exchange(
    connection: Connection, order: Order, return_: Return, lines: Sequence[ReturnLine], approval: Approval
) -> Exchanged:
    """Make the new order, its units sold at once, all or nothing. Raises NothingToExchange.

    The same again costs what was paid for it; something else costs its price of now. What was paid for what
    comes back pays for it; a difference is paid on delivery.
    """
    wanted = _wanted(lines)
    variants = await variants_by_id(connection, wanted)
    parts = await kits(connection, [id_ for id_, variant in variants.items() if variant.is_kit])
    await _check_sold(connection, lines, variants, parts)
    quoted, worth_minor = await _quote(connection, order, lines, variants)
    purse = (await purses_of(connection, [order.id]))[order.id]
    paid_minor = min(worth_minor, purse.total_minor)
    credit_minor = min(paid_minor, quoted.total_minor)
    goods = await _shelves(connection, order, demand_of(wanted, parts))
    new_id = exchange_id(return_.id)
    await _hold(connection, new_id, goods, order)
    await _insert(
        connection,
        new_id,
        order,
        quoted=quoted,
        credit_minor=credit_minor,
        variants=variants,
        parts=parts,
        goods=goods,
    )
    await carry_on(connection, purse, new_id, credit_minor)
    new = (await orders_by_id(connection, [new_id]))[new_id]
    lines_taken = tuple((variant_id, at, units) for (variant_id, at), units in goods.items())
    (ended,) = await stock.claim_stock_many(
        connection, [stock.StockClaim(new_id, lines_taken, f"order {new.number}")]
    )
    if ended.state is not HoldState.CLAIMED or not ended.changed:
        raise RuntimeError(f"hold {new_id}, just placed, is {ended.state}")
    properties = {
        "total_minor": new.total_minor,
        "currency": new.currency,
        "provider": CASH,
        "exchange_of": order.id,
        "lines": [list(taken) for taken in lines_taken],
    }
    events = [
        event_of(name, new, properties, staff_id=approval.staff_id)
        for name in ("order.placed", "order.confirmed")
    ]
    return Exchanged(new, paid_minor - credit_minor, credit_minor, tuple(events))


async def _check_sold(
    connection: Connection, lines: Sequence[ReturnLine], variants: Mapping[UUID, Variant], parts: Parts
) -> None:
    """Raise NothingToExchange for what an order could not have: not sold any more, or behind a waiting room.

    What comes back may be had again, in another size, too.
    """
    others = [line for line in lines if not _same(line)]
    wanted = {line.wanted_id or line.variant_id for line in others}
    known = await variants_by_id(
        connection, {line.variant_id for line in lines} | set(demand_of(dict.fromkeys(wanted, 1), parts))
    )
    back = {known[line.variant_id].product_id for line in lines if line.variant_id in known}
    barred = set(await goods_rooms(connection)) - back
    for id_ in wanted:
        variant = variants.get(id_)
        needed = [variant, *(known.get(part) for part, _each in parts.get(id_, ()))]
        if (
            variant is None
            or not variant.published
            or any(piece and piece.product_id in barred for piece in needed)
        ):
            raise NothingToExchange(left=f"{variant.title if variant else ''}: {number(0)}")


def _wanted(lines: Sequence[ReturnLine]) -> dict[UUID, int]:
    wanted: dict[UUID, int] = {}
    for line in lines:
        variant_id = line.wanted_id or line.variant_id
        wanted[variant_id] = wanted.get(variant_id, 0) + line.quantity
    return wanted


async def _quote(
    connection: Connection, order: Order, lines: Sequence[ReturnLine], variants: Mapping[UUID, Variant]
) -> tuple[Quote, int]:
    """Return what the new goods cost, and what those that come back are worth."""
    bought = {line.variant_id: line for line in (await order_lines_of(connection, [order.id]))[order.id]}
    before = (await credited_units(connection, [order.id]))[order.id]
    prices = await prices_in(connection, variants, order.currency)
    rules = await rules_with(connection)
    tax = rules.taxes.get(order.country) or rules.taxes.get("") or Tax()
    included = order.tax_included
    same, others = [], []
    for line in lines:
        variant = variants[line.wanted_id or line.variant_id]
        if _same(line):
            known = bought[line.variant_id]
            same.append(
                same_again(known, line.quantity, before.get(known.variant_id, 0), tax_included=included)
            )
            continue
        price = (
            bought[variant.id].price_minor
            if variant.id in bought
            else unit_in_terms_of(_price(variant, prices), tax, variant.tax_class, tax_included=included)
        )
        others.append(Priced(variant.id, price, line.quantity, variant.tax_class, 0, variant.category))
    # Sending it again costs the customer nothing.
    order_rules = Rules({"": replace(tax, included=included)}, (), rules.rates)
    quoted = quote(others, order_rules, Destination(order.country, order.postcode), currency=order.currency)
    assert not isinstance(quoted, NoShipping)
    units = {line.variant_id: line.quantity for line in lines}
    return _with(quoted, same, included=included), worth_of(order, list(bought.values()), units, before)


def _with(quoted: Quote, same: Sequence[QuotedLine], *, included: bool) -> Quote:
    """Return the quote with these lines, too."""
    subtotal = sum(line.unit_minor * line.quantity for line in same)
    off, tax = sum(line.discount_minor for line in same), sum(line.tax_minor for line in same)
    return replace(
        quoted,
        lines=(*quoted.lines, *same),
        subtotal_minor=quoted.subtotal_minor + subtotal,
        discount_minor=quoted.discount_minor + off,
        tax_minor=quoted.tax_minor + tax,
        tax_included=included,
        total_minor=quoted.total_minor + subtotal - off + (0 if included else tax),
    )


def _same(line: ReturnLine) -> bool:
    return line.wanted_id in (None, line.variant_id)


def _price(variant: Variant, prices: Mapping[UUID, Any]) -> int:
    if variant.id not in prices:
        raise NothingToExchange(left=f"{variant.title}: {number(0)}")
    return int(prices[variant.id].price_minor)


async def _shelves(connection: Connection, order: Order, demand: Mapping[UUID, int]) -> Mapping[Place, int]:
    """Return where the units come from: what lies there, never what is still to come."""
    levels = await stock.levels(connection, demand)
    await ledger.lock_many(connection, [level.account_id for level in levels.values()])
    there = {
        place: replace(level, backorder=0)
        for place, level in (await stock.levels(connection, demand)).items()
    }
    locations, rule = await selling_locations(connection), await location_rule(connection)
    chosen = choose_locations(demand, there, locations, rule=rule, country=order.country)
    if isinstance(chosen, Chosen):
        return chosen.goods
    variants = await variants_by_id(connection, chosen.left)
    left = ", ".join(f"{variants[id_].title}: {number(units)}" for id_, units in chosen.left.items())
    raise NothingToExchange(left=left)


async def _hold(connection: Connection, hold_id: UUID, goods: Mapping[Place, int], order: Order) -> None:
    levels = await stock.levels(connection, {variant_id for variant_id, _at in goods})
    request = HoldRequest(
        hold_id=hold_id,
        lines={levels[place].account_id: units for place, units in goods.items()},
        expires_at=clock.now() + _HELD_FOR,
        purpose="order",
        customer_id=order.customer_id,
        campaign_id=None,
    )
    (outcome,) = await ledger.hold_many(connection, [request])
    if not isinstance(outcome, Held) or outcome.replayed:  # a hold that is there already is another's
        raise NothingToExchange(left=number(0))


async def _insert(
    connection: Connection,
    new_id: UUID,
    order: Order,
    *,
    quoted: Quote,
    credit_minor: int,
    variants: Mapping[UUID, Variant],
    parts: Parts,
    goods: Mapping[Place, int],
) -> None:
    now = clock.now()
    titles = await titles_in(connection, variants.values(), order.language)
    new = NewOrder(
        number=None,
        id=new_id,
        fingerprint=hashlib.sha256(new_id.bytes).hexdigest(),
        customer_id=order.customer_id,
        visitor_id=order.visitor_id,
        cart_id=None,
        campaign_id=None,
        email=order.email,
        name=order.name,
        address=order.address,
        language=order.language,
        total_minor=quoted.total_minor - credit_minor,
        credit_minor=credit_minor,
        currency=quoted.currency,
        provider=CASH,
        method="",
        held_until=now + _HELD_FOR,
        longer_until=None,
        country=order.country,
        postcode=order.postcode,
        city=order.city,
        phone=order.phone,
        subtotal_minor=quoted.subtotal_minor,
        discount_minor=quoted.discount_minor,
        shipping_minor=0,
        tax_minor=quoted.tax_minor,
        shipping_tax_minor=0,
        shipping_tax_rate=0,
        tax_included=quoted.tax_included,
        shipping_key="",
        discount_code="",
        promised_on=None,
        region=order.region,
        billing=order.billing,
    )
    taken = [NewOrderGoods(new_id, variant_id, at, units) for (variant_id, at), units in goods.items()]
    insert_orders(
        connection,
        [new],
        _merged(new_id, quoted, variants, parts, titles),
        taken,
        state=OrderState.CONFIRMED,
        payment_state=PaymentState.DUE,
        now=now,
    )


def _merged(
    new_id: UUID,
    quoted: Quote,
    variants: Mapping[UUID, Variant],
    parts: Parts,
    titles: Mapping[UUID, str],
) -> list[NewOrderLine]:
    """Return the lines of the new order: two that became one variant at one price are one line."""
    lines: dict[UUID, NewOrderLine] = {}
    for line in quoted.lines:
        if (known := lines.get(line.variant_id)) is None:
            lines[line.variant_id] = NewOrderLine(
                new_id,
                line.variant_id,
                line.quantity,
                line.unit_minor,
                line.discount_minor,
                line.tax_minor,
                variants[line.variant_id].title,
                line.tax_class,
                line.tax_rate,
                parts.get(line.variant_id, ()),
                titles.get(line.variant_id, ""),
            )
            continue
        known.quantity += line.quantity
        known.discount_minor += line.discount_minor
        known.tax_minor += line.tax_minor
    return list(lines.values())
