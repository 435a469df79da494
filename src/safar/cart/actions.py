"""The verbs of carts: many at a time, each under its own idempotency key. A cart holds no units."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from safar.cart.available import Available, available_of
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
from safar.catalogue.actions import variants_by_id
from safar.catalogue.model import Variant
from safar.catalogue.prices import prices_in
from safar.customers.visitor import Visitor
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute, rows, values
from safar.kernel.errors import Overloaded, SameKeyOtherBody
from safar.kernel.ids import new_id
from safar.kernel.once import Asked, Known, Reused, ask_many, keep_many, release_keys
from safar.kernel.refusals import refused

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
    answers, fresh = await _asked(connection, changes)
    if fresh:
        answers |= await _change(connection, list(fresh.values()))
        done = {key: answers[key] for key in fresh}
        await _keep(connection, done)
    return _in_order(changes, answers)


async def set_codes_many(connection: Connection, codes: Sequence[CartCode]) -> list[Answer]:
    """Set the discount codes of carts; whether they are taken shows when the cart is priced."""
    answers, fresh = await _asked(connection, codes)
    if fresh:
        wanted = {one.cart_id for one in fresh.values()}
        locked = await rows(_Locked, connection, QUERIES["lock_carts"], {"ids": list(wanted)})
        known = {cart.id for cart in locked if not cart.ordered}
        records = {one.cart_id: one.code for one in fresh.values() if one.cart_id in known}
        params = {"codes": as_json([{"cart_id": id_, "code": code} for id_, code in records.items()])}
        await execute(connection, QUERIES["set_codes"], {**params, "now": clock.now()})
        carts = await _contents(connection, known)
        for key, one in fresh.items():
            cart = carts.get(one.cart_id)
            answers[key] = (
                CartChanged(cart.id, sum(cart.units.values())) if cart else CartRefused("not_in_cart")
            )
        events = [
            _event("cart.code_set", one.cart_id, one.visitor, code=one.code)
            for one in fresh.values()
            if one.cart_id in known
        ]
        await append_many(connection, events)
        await _keep(connection, {key: answers[key] for key in fresh})
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


async def _asked(
    connection: Connection, asked: Sequence[Change]
) -> tuple[dict[UUID, Answer], dict[UUID, Change]]:
    """Return the answers that were given before, and what is asked for the first time, by its key."""
    first: dict[UUID, Change] = {}
    for one in asked:
        first.setdefault(one.key, one)
    outcomes = await ask_many(connection, [Asked(one.key, one.body) for one in first.values()])
    answers: dict[UUID, Answer] = {
        outcome.key: CartChanged(UUID(outcome.answer["cart_id"]), outcome.answer["units"])
        for outcome in outcomes
        if isinstance(outcome, Known)
    }
    answers |= {
        outcome.key: refused(SameKeyOtherBody()) for outcome in outcomes if isinstance(outcome, Reused)
    }
    return answers, {key: one for key, one in first.items() if key not in answers}


async def _keep(connection: Connection, answers: Mapping[UUID, Answer]) -> None:
    kept = [
        (key, {"cart_id": str(one.cart_id), "units": one.units})
        for key, one in answers.items()
        if isinstance(one, CartChanged)
    ]
    others = [key for key, one in answers.items() if not isinstance(one, CartChanged)]
    if kept:
        await keep_many(connection, kept)
    if others:
        await release_keys(connection, others)


async def _change(connection: Connection, changes: Sequence[CartChange]) -> dict[UUID, Answer]:
    ids = {change.variant_id for change in changes}
    variants = await variants_by_id(connection, ids)
    found: dict[UUID | None, dict[UUID, Available]] = {}
    for campaign_id in {change.visitor.campaign_id for change in changes if change.how == "add"}:
        found[campaign_id] = await available_of(connection, variants, campaign_id)
    carts = await _lock(connection, changes)
    answers: dict[UUID, Answer] = {}
    done: list[tuple[CartChange, OpenCart]] = []
    for change in changes:
        cart = carts.get(change.cart_id)
        refusal = refusal_of_change(change, variants, found.get(change.visitor.campaign_id, {}), cart)
        if refusal is not None or cart is None:
            answers[change.key] = refusal or CartRefused("not_in_cart")
            continue
        apply(change, cart)
        answers[change.key] = CartChanged(cart.id, sum(cart.units.values()))
        done.append((change, cart))
    elsewhere = await _write(connection, done, variants)
    late = {change.key: refused(Overloaded()) for change, cart in done if cart.id in elsewhere}
    return answers | late


async def _lock(connection: Connection, changes: Sequence[CartChange]) -> dict[UUID, OpenCart]:
    """Return the carts, locked, by the id that the visitor knows; in place of one that was ordered a new one.

    New carts are written only when something goes into them.
    """
    wanted = {change.cart_id for change in changes}
    locked = await rows(_Locked, connection, QUERIES["lock_carts"], {"ids": list(wanted)})
    carts = await _contents(connection, [cart.id for cart in locked if not cart.ordered])
    ordered = {cart.id for cart in locked if cart.ordered}
    for change in changes:
        if change.how == "add" and change.cart_id not in carts:
            id_ = new_id() if change.cart_id in ordered else change.cart_id
            carts[change.cart_id] = OpenCart(id_, opened=True)
    return carts


async def _contents(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, OpenCart]:
    carts = {id_: OpenCart(id_) for id_ in ids}
    for line in await rows(_Units, connection, QUERIES["units_in_carts"], {"ids": list(carts)}):
        carts[line.cart_id].units[line.variant_id] = line.quantity
    return carts


async def _write(
    connection: Connection, done: Sequence[tuple[CartChange, OpenCart]], variants: Mapping[UUID, Variant]
) -> set[UUID]:
    """Write carts and lines as they are after all changes, and what happened.

    Returns the new carts that another request opened in this moment: nothing of them is written.
    """
    now = clock.now()
    opened = {cart.id: change for change, cart in done if cart.opened}
    elsewhere = await _open(connection, opened) if opened else set()
    opened = {id_: change for id_, change in opened.items() if id_ not in elsewhere}
    done = [(change, cart) for change, cart in done if cart.id not in elsewhere]
    if not done:
        return elsewhere
    touched = {cart.id for _change, cart in done} - opened.keys()
    if touched:
        await execute(connection, QUERIES["touch_carts"], {"ids": list(touched), "now": now})
    seen = await _seen(connection, [change for change, _cart in done], variants)
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
        await execute(connection, QUERIES["remove_lines"], {"lines": as_json(list(gone.values()))})
    if lines:
        await execute(
            connection, QUERIES["write_lines"], {"lines": as_json(list(lines.values())), "now": now}
        )
    created = [_event("cart.created", id_, change.visitor) for id_, change in opened.items()]
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
    return elsewhere


async def _open(connection: Connection, opened: Mapping[UUID, CartChange]) -> set[UUID]:
    """Write new carts; return those that another request has opened in this moment."""
    records = [
        {"id": id_, "customer_id": one.visitor.customer_id, "campaign_id": one.visitor.campaign_id}
        for id_, one in opened.items()
    ]
    params = {"carts": as_json(records), "now": clock.now()}
    return opened.keys() - set(await values(connection, QUERIES["open_carts"], params))


async def _seen(
    connection: Connection, changes: Sequence[CartChange], variants: Mapping[UUID, Variant]
) -> dict[UUID, tuple[int, str]]:
    """Return the price that each change's customer saw: in their currency, where there is one."""
    prices = {
        currency: await prices_in(connection, variants, currency)
        for currency in {change.currency for change in changes}
        if any(variant.currency != currency for variant in variants.values())
    }
    seen = {}
    for change in changes:
        variant = variants[change.variant_id]
        price = prices.get(change.currency, {}).get(variant.id)
        if variant.currency != change.currency and price is not None:
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
