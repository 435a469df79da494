"""Taking orders: many at a time, each all or nothing, in one transaction with the units it holds."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from safar.capacity import actions as ledger
from safar.capacity.model import Held, HoldRequest, Refused
from safar.cart.reading import levels_in_carts, lines_in_carts
from safar.channels.actions import queue_first
from safar.customers.actions import finals, write_claims
from safar.customers.model import AddressClaim
from safar.gate.site.sites import goods_rooms
from safar.journal.actions import append_many, events_last
from safar.kernel import clock
from safar.kernel.database import Connection, as_array, as_json, in_one_trip, rows, values
from safar.kernel.errors import SameKeyOtherBody
from safar.kernel.refusals import refused
from safar.orders.batch import OrderBatch, read_order_batch
from safar.orders.decide import answers_of, new_of
from safar.orders.errors import Answer, CartHasChanged, OutOfStock
from safar.orders.from_cart import (
    answer_of_cart,
    as_in_carts,
    as_replayed,
    close_carts,
    lock_carts,
    one_a_cart,
)
from safar.orders.insert import NewOrderGoods, insert_orders
from safar.orders.mail import mail_of
from safar.orders.model import (
    OrderRequest,
    OrderState,
    PaymentState,
    Taken,
)
from safar.orders.plan import OrderPlan, World, discount_refused, out_of_stock, plan_order
from safar.orders.reading import QUERIES, FoundOrder, orders_by_id, unpaid_of
from safar.orders.rows import (
    Accepted,
    about_of,
    held_until,
    new_line,
    new_order,
    order_event,
    refused_event,
)
from safar.stock import actions as stock
from safar.stock.locations import location_rule
from safar.stock.promise import promises

__all__ = ["OrderRequest", "buy_many", "place_many"]


async def place_many(connection: Connection, requests: Sequence[OrderRequest]) -> list[Taken]:
    """Hold the units of each order and write it as PLACED, with a payment that is started.

    The plural verb for a batcher. What is not taken is refused with one of orders.errors.REFUSALS. An id
    that was used before gets the answer it got then, or SameKeyOtherBody for another body; a refusal wrote
    nothing, so asking again with its id asks anew. A cart that became an order before gets that order,
    whatever else is asked. Writes order.placed and order.refused.
    """
    return await _take(connection, requests, at_once=False)


async def buy_many(connection: Connection, requests: Sequence[OrderRequest]) -> list[Taken]:
    """Take orders that are paid on delivery: as `place_many`, and sold and confirmed at once."""
    return await _take(connection, requests, at_once=True)


async def _take(connection: Connection, asking: Sequence[OrderRequest], *, at_once: bool) -> list[Taken]:
    ids = {request.order_id for request in asking}
    variant_ids = {variant_id for request in asking for variant_id, _quantity in request.lines}
    open_carts = [request.cart_id for request in asking if request.open_cart and request.cart_id]
    # Carts first: whoever had to wait for one then sees the order that it has become.
    carts, lines, before, (version, levels, _of), rooms, unpaid, claimants = await in_one_trip(
        connection,
        lock_carts(connection, asking),
        lines_in_carts(connection, open_carts),
        orders_by_id(connection, ids),
        levels_in_carts(connection, as_array(open_carts), variant_ids),
        goods_rooms(connection),
        unpaid_of(connection, asking),
        finals(connection, [request.customer_id for request in asking]),
    )
    as_they_are = await as_in_carts(connection, version, asking, lines)
    requests = [request for request in as_they_are if request is not None]
    new = new_of(requests, before)
    now = clock.now()
    answers = await _ordered_before(connection, new, carts)
    going, following = one_a_cart([request for request in new if request.order_id not in answers])
    if going:
        await _keep_longer_for_proven(connection, going)
        world = World({}, levels, (), now, await location_rule(connection), unpaid=unpaid)
        asked = await read_order_batch(connection, version, going, world, rooms)
        plans = []
        for request in going:
            plan = plan_order(request, asked.world)
            if isinstance(plan, OrderPlan):
                plans.append(plan)
            else:
                answers[request.order_id] = plan
        asked.claimants = claimants
        asked.take = ledger.take_many if at_once else ledger.hold_many
        async with events_last(connection):
            held, numbers = await in_one_trip(
                connection,
                _hold(connection, plans, asked, answers, now),
                _numbers(connection, len(plans)),
            )
            asked.numbers = numbers
            accepted = await _write(connection, held, asked, answers, now, at_once=at_once)
            short = [request for request in going if isinstance(answers.get(request.order_id), OutOfStock)]
            await _report(connection, accepted, short, answers, at_once=at_once)
        # Another process took the same id while this one waited for the accounts.
        raced = [request.order_id for request in going if request.order_id not in answers]
        if raced:
            before |= await orders_by_id(connection, raced)
            answers |= {id_: SameKeyOtherBody() for id_ in raced if id_ not in before}
    for order_id, leader in following.items():
        answer = answers.get(leader) or answer_of_cart(before.get(leader))
        answers[order_id] = as_replayed(answer)
    outcomes = iter(answers_of(requests, before, new, answers))
    told = [CartHasChanged() if request is None else next(outcomes) for request in as_they_are]
    return [answer if isinstance(answer, Taken) else refused(answer) for answer in told]


async def _keep_longer_for_proven(connection: Connection, requests: Sequence[OrderRequest]) -> None:
    """Let those who have shown to read their mailbox have the long hold; asks only where there is another."""
    shortly = {request.order_id: request for request in requests if request.hold_minutes_unproven is not None}
    if not shortly:
        return
    asked = [
        {"id": order.order_id, "customer_id": order.customer_id, "email": order.email}
        for order in shortly.values()
    ]
    for proven in await rows(FoundOrder, connection, QUERIES["proven_mailboxes"], {"orders": as_json(asked)}):
        shortly[proven.id].hold_minutes_unproven = None


async def _ordered_before(
    connection: Connection, new: Sequence[OrderRequest], carts: Mapping[UUID, UUID | None]
) -> dict[UUID, Answer]:
    """Answer those whose cart has become an order already: with that order."""
    became = {
        request.order_id: order_id
        for request in new
        if request.cart_id and (order_id := carts.get(request.cart_id))
    }
    if not became:
        return {}
    orders = await orders_by_id(connection, became.values())
    return {asked: answer_of_cart(orders.get(order_id)) for asked, order_id in became.items()}


async def _hold(
    connection: Connection,
    plans: Sequence[OrderPlan],
    asked: OrderBatch,
    answers: dict[UUID, Answer],
    now: datetime,
) -> list[OrderPlan]:
    """Return the plans whose units are held now; the others get their answer, those raced get none yet."""
    if not plans:
        return []
    requests = [
        HoldRequest(
            hold_id=plan.request.order_id,
            lines={**plan.accounts, **dict.fromkeys(asked.uses.get(plan.request.order_id, ()), 1)},
            expires_at=held_until(plan, now),
            purpose="order",
            customer_id=plan.request.customer_id,
            campaign_id=plan.request.campaign_id,
        )
        for plan in plans
    ]
    held = []
    for plan, outcome in zip(plans, await asked.take(connection, requests), strict=True):
        if isinstance(outcome, Held):
            if not outcome.replayed:
                held.append(plan)
        elif isinstance(outcome, Refused):
            answers[plan.request.order_id] = _refused(plan, outcome, asked)
        else:
            answers[plan.request.order_id] = SameKeyOtherBody()
    return held


def _refused(plan: OrderPlan, outcome: Refused, asked: OrderBatch) -> Answer:
    request = plan.request
    for account_id, reason in asked.uses.get(request.order_id, {}).items():
        if account_id in outcome.short:
            return discount_refused(request, reason, plan.discount, asked.world.rules, plan.currency)
    return out_of_stock(plan, outcome.short, asked.world)


async def _write(
    connection: Connection,
    plans: Sequence[OrderPlan],
    asked: OrderBatch,
    answers: dict[UUID, Answer],
    now: datetime,
    *,
    at_once: bool,
) -> list[Accepted]:
    """Write the orders of plans whose units are held; those at once are sold in the same breath.

    Numbers that were drawn for orders which came to nothing are left out for good.
    """
    if not plans:
        return []
    state = OrderState.CONFIRMED if at_once else OrderState.PLACED
    payment_state = PaymentState.DUE if at_once else PaymentState.STARTED
    customer_ids = await write_claims(connection, [_claim(plan.request) for plan in plans], asked.claimants)
    promised = await _promised_on(connection, plans)
    accepted = []
    for plan, customer_id, number in zip(plans, customer_ids, asked.numbers, strict=False):
        order_id = plan.request.order_id
        accepted.append(Accepted(plan, customer_id, number, promised.get(order_id)))
        answers[order_id] = Taken(order_id, number, state, payment_state, plan.total_minor, plan.currency)
    insert_orders(
        connection,
        [new_order(order, now) for order in accepted],
        [new_line(plan, line) for plan in plans for line in plan.lines],
        [
            NewOrderGoods(plan.request.order_id, variant_id, location_id, quantity)
            for plan in plans
            for (variant_id, location_id), quantity in plan.goods.items()
        ],
        state=state,
        payment_state=payment_state,
        now=now,
    )
    if carts := {plan.request.cart_id: plan.request.order_id for plan in plans if plan.request.cart_id}:
        close_carts(connection, carts, now)
    if at_once:
        await _sell(connection, accepted)
    return accepted


async def _numbers(connection: Connection, count: int) -> list[int]:
    """Return numbers for this many orders; nobody else gets them."""
    return await values(connection, QUERIES["next_numbers"], {"count": count})


async def _promised_on(connection: Connection, plans: Sequence[OrderPlan]) -> dict[UUID, date]:
    """Return, for the orders that wait for units still to come, the day on which these can leave."""
    awaited = {variant_id for plan in plans for variant_id in plan.awaited}
    if not awaited:
        return {}
    promised = await promises(connection, awaited, today=clock.today(connection.zone))
    days: dict[UUID, date] = {}
    for plan in plans:
        arrivals = [day for id_ in plan.awaited if id_ in promised and (day := promised[id_].promised_on)]
        if arrivals:
            days[plan.request.order_id] = max(arrivals)
    return days


async def _sell(connection: Connection, accepted: Sequence[Accepted]) -> None:
    """Write what makes orders sold, besides the hold."""
    claims = [stock.StockClaim(a.plan.request.order_id, a.goods, f"order {a.number}") for a in accepted]
    stock.write_sales(connection, claims)
    await queue_first(connection, [mail_of("confirmed", about_of(a)) for a in accepted])


async def _report(
    connection: Connection,
    accepted: Sequence[Accepted],
    refused: Sequence[OrderRequest],
    answers: Mapping[UUID, Answer],
    *,
    at_once: bool,
) -> None:
    events = [order_event("order.placed", a) for a in accepted]
    if at_once:
        events += [order_event("order.confirmed", a) for a in accepted]
    events += [
        refused_event(request, answer)
        for request in refused
        if isinstance(answer := answers[request.order_id], OutOfStock)
    ]
    await append_many(connection, events)


def _claim(request: OrderRequest) -> AddressClaim:
    return AddressClaim(
        customer_id=request.customer_id,
        kind="email",
        value=request.email,
        language=request.language,
        source="order",
        name=request.name,
        country=request.country or None,
    )
