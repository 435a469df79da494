"""The verbs of carts: many at a time, each under its own idempotency key. A cart holds no units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from safar.cart.available import available_at
from safar.cart.decide import (
    LINES_MAX,
    UNITS_MAX,
    Answer,
    CartChange,
    CartChanged,
    CartCode,
    CartRefused,
    OpenCart,
    apply,
    refusal_of_change,
)
from safar.cart.reading import QUERIES
from safar.catalogue.actions import VARIANTS
from safar.catalogue.model import Variant
from safar.catalogue.prices import PRICES
from safar.customers.visitor import Visitor
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, as_array, as_json, in_one_trip, rows, send
from safar.kernel.errors import SameKeyOtherBody
from safar.kernel.ids import new_id
from safar.kernel.once import Asked, Known, Reused, keep_many, known_many
from safar.kernel.rare import known
from safar.kernel.refusals import refused
from safar.stock import actions as stock

__all__ = ["LINES_MAX", "UNITS_MAX", "change_carts_many", "set_codes_many"]

Change = TypeVar("Change", CartChange, CartCode)


@dataclass(frozen=True, slots=True)
class _Locked:
    id: UUID
    ordered: bool


@dataclass(frozen=True, slots=True)
class _Units:
    cart_id: UUID
    variant_id: UUID
    quantity: int


async def change_carts_many(connection: Connection, changes: Sequence[CartChange]) -> list[Answer]:
    """Change carts, in order; the plural verb for a batcher. Writes cart.created and cart.changed.

    A key that was used before gets the answer it got then; a refusal wrote nothing, so asking again with
    its key asks anew. A key that was used for another body is refused with SameKeyOtherBody.
    """
    variant_ids = {change.variant_id for change in changes}
    campaign_ids = {change.visitor.campaign_id for change in changes if change.how == "add"}
    (carts, ordered), (answers, fresh), (version, levels) = await in_one_trip(
        connection,
        _open_carts(connection, changes),
        _known(connection, changes),
        stock.levels_now(connection, variant_ids),
    )
    variants = await known(connection, version, VARIANTS, variant_ids)
    available = await available_at(connection, version, variant_ids, levels, campaign_ids)
    for change in fresh.values():
        if change.how == "add" and change.cart_id not in carts:  # written only when something goes into it
            id_ = new_id() if change.cart_id in ordered else change.cart_id
            carts[change.cart_id] = OpenCart(id_, opened=True)
    done: list[tuple[CartChange, OpenCart]] = []
    for change in fresh.values():
        cart = carts.get(change.cart_id)
        offered = available.get(change.visitor.campaign_id, {})
        refusal = refusal_of_change(change, variants, offered, cart)
        if refusal is not None or cart is None:
            answers[change.key] = refusal or CartRefused("not_in_cart")
            continue
        apply(change, cart)
        answers[change.key] = CartChanged(cart.id, sum(cart.units.values()))
        done.append((change, cart))
    if done:
        await _write(
            connection,
            done,
            await _seen(connection, version, [change for change, _cart in done], variants),
        )
        _keep(connection, [change for change, _cart in done], answers)
    return _in_order(changes, answers)


async def set_codes_many(connection: Connection, codes: Sequence[CartCode]) -> list[Answer]:
    """Set the discount codes of carts; whether they are taken shows when the cart is priced."""
    (carts, _ordered), (answers, fresh) = await in_one_trip(
        connection, _open_carts(connection, codes), _known(connection, codes)
    )
    done: list[CartCode] = []
    for code in fresh.values():
        cart = carts.get(code.cart_id)
        answers[code.key] = (
            CartChanged(cart.id, sum(cart.units.values())) if cart else CartRefused("not_in_cart")
        )
        if cart:
            done.append(code)
    if done:
        records = {code.cart_id: code.code for code in done}
        params = {"codes": as_json([{"cart_id": id_, "code": code} for id_, code in records.items()])}
        send(connection, QUERIES["set_codes"], {**params, "now": clock.now()})
        events = [_event("cart.code_set", code.cart_id, code.visitor, code=code.code) for code in done]
        await append_many(connection, events)
        _keep(connection, done, answers)
    return _in_order(codes, answers)


def _in_order(asked: Sequence[Change], answers: Mapping[UUID, Answer]) -> list[Answer]:
    """Return each one's answer; of two with one key and different bodies the first has it."""
    bodies: dict[UUID, object] = {}
    return [
        answers[change.key]
        if bodies.setdefault(change.key, change.body) == change.body
        else refused(SameKeyOtherBody())
        for change in asked
    ]


async def _known(
    connection: Connection, asked: Sequence[Change]
) -> tuple[dict[UUID, Answer], dict[UUID, Change]]:
    """Return the answers that were given before, and what is asked for the first time, by its key."""
    first: dict[UUID, Change] = {}
    for change in asked:
        first.setdefault(change.key, change)
    outcomes = await known_many(connection, [Asked(change.key, change.body) for change in first.values()])
    answers: dict[UUID, Answer] = {
        outcome.key: CartChanged(UUID(outcome.answer["cart_id"]), outcome.answer["units"])
        for outcome in outcomes
        if isinstance(outcome, Known)
    }
    answers |= {
        outcome.key: refused(SameKeyOtherBody()) for outcome in outcomes if isinstance(outcome, Reused)
    }
    return answers, {key: change for key, change in first.items() if key not in answers}


def _keep(connection: Connection, done: Sequence[Change], answers: Mapping[UUID, Answer]) -> None:
    """Write what was answered to changes that were carried out: a refusal wrote nothing and is asked anew."""
    keep_many(
        connection,
        [
            (Asked(change.key, change.body), {"cart_id": str(answer.cart_id), "units": answer.units})
            for change in done
            if isinstance(answer := answers[change.key], CartChanged)
        ],
    )


async def _open_carts(
    connection: Connection, changes: Sequence[CartChange] | Sequence[CartCode]
) -> tuple[dict[UUID, OpenCart], set[UUID]]:
    """Lock carts; return those that can be changed, by id, and the ids of those that were ordered."""
    ids = as_array({change.cart_id for change in changes})
    locked, lines = await in_one_trip(
        connection,
        rows(_Locked, connection, QUERIES["lock_carts"], {"ids": ids}),
        rows(_Units, connection, QUERIES["units_in_carts"], {"ids": ids}),
    )
    carts = {cart.id: OpenCart(cart.id) for cart in locked if not cart.ordered}
    for line in lines:
        if line.cart_id in carts:
            carts[line.cart_id].units[line.variant_id] = line.quantity
    return carts, {cart.id for cart in locked if cart.ordered}


async def _write(
    connection: Connection,
    done: Sequence[tuple[CartChange, OpenCart]],
    seen: Mapping[UUID, tuple[int, str]],
) -> None:
    """Write carts and lines as they are after all changes, and what happened.

    A new cart that another request opens in this moment is a UniqueViolation: the batcher asks again.
    """
    now = clock.now()
    opened = {cart.id: change.visitor for change, cart in done if cart.opened}
    if opened:
        records = [
            {"id": id_, "customer_id": visitor.customer_id, "campaign_id": visitor.campaign_id}
            for id_, visitor in opened.items()
        ]
        send(connection, QUERIES["open_carts"], {"carts": as_json(records), "now": now})
    if touched := {cart.id for _change, cart in done} - opened.keys():
        send(connection, QUERIES["touch_carts"], {"ids": as_array(touched), "now": now})
    lines, gone = {}, {}
    for change, cart in done:
        key = cart.id, change.variant_id
        units = cart.units.get(change.variant_id)
        if units is None:
            gone[key] = {"cart_id": cart.id, "variant_id": change.variant_id}
        else:
            price_minor, currency = seen[change.key]
            lines[key] = {
                "cart_id": cart.id,
                "variant_id": change.variant_id,
                "quantity": units,
                "price_minor": price_minor,
                "currency": currency,
            }
    if gone:
        send(connection, QUERIES["remove_lines"], {"lines": as_json(list(gone.values()))})
    if lines:
        send(connection, QUERIES["write_lines"], {"lines": as_json(list(lines.values())), "now": now})
    created = [_event("cart.created", id_, visitor) for id_, visitor in opened.items()]
    changed = [
        _event(
            "cart.changed",
            cart.id,
            change.visitor,
            variant_id=change.variant_id,
            quantity=cart.units.get(change.variant_id, 0),
        )
        for change, cart in done
    ]
    await append_many(connection, [*created, *changed])


async def _seen(
    connection: Connection,
    version: str,
    changes: Sequence[CartChange],
    variants: Mapping[UUID, Variant],
) -> dict[UUID, tuple[int, str]]:
    """Return the price that each change's customer saw: in their currency, where there is one."""
    other = [
        (change.currency, change.variant_id)
        for change in changes
        if variants[change.variant_id].currency != change.currency
    ]
    prices = await known(connection, version, PRICES, other)
    seen = {}
    for change in changes:
        variant = variants[change.variant_id]
        price = prices.get((change.currency, variant.id))
        if price is not None:
            seen[change.key] = price.price_minor, change.currency
        else:
            seen[change.key] = variant.price_minor, variant.currency
    return seen


def _event(name: str, cart_id: UUID, visitor: Visitor, **properties: object) -> Event:
    return Event(
        name=name,
        customer_id=visitor.customer_id,
        campaign_id=visitor.campaign_id,
        subject_id=cart_id,
        properties=properties,
    )
