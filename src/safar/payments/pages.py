"""The console's pages of money: what is to be done, and the money of one order."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.kernel.context import Context
from safar.kernel.errors import NotFound, SafarError
from safar.kernel.i18n import money
from safar.kernel.ids import new_id, parse_id
from safar.kernel.text import ascii_digits, whole_number
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor, actor_of
from safar.kernel.web.forms import Fields, read_fields
from safar.kernel.web.pages import context_of, error_text, page, today_of
from safar.kernel.web.post import NOTHING, Wrong, posted
from safar.kernel.web.requests import request_key, see_other
from safar.orders.links import order_link
from safar.orders.reading import order_of_number
from safar.payments import export, way_pages
from safar.payments.books.ask_refund import refund_many
from safar.payments.books.decide import missing, refundable
from safar.payments.books.end_refund import end_refunds_many, retry_refund
from safar.payments.books.model import (
    Ending,
    NewReceipt,
    OrderMoney,
    ReceiptKeyReused,
    RefundAsked,
    RefundRefused,
    RefundRequest,
)
from safar.payments.books.names import TOLD
from safar.payments.books.reading import (
    accounts_of,
    notices,
    receipts_of,
    refund_of,
    refund_tasks,
    refunds_of,
    unknown_receipts,
    waiting_by_hand,
)
from safar.payments.books.receive import close_receipt, give_to_order
from safar.payments.books.reference import number_in, reference_of, spaced
from safar.payments.errors import AlreadySettled, TooMuchBack
from safar.payments.providers.pix.doubts import DOUBTS
from safar.payments.refunds import carry_out_of, refund_cancelled
from safar.payments.registry import KINDS
from safar.payments.settle import receive_money
from safar.payments.words import NOTICE_OUTCOMES, REASONS, REFUND_STATES

_STAFF_REASONS = ("returned", "goodwill", "paid_too_much")


async def _list(request: Request) -> Response:
    actor = actor_of(request)
    return await _list_page(request, may_change=actor.may("manager"))


async def _list_page(request: Request, *, may_change: bool, problem: SafarError | None = None) -> Response:
    async with context_of(request).database.connection() as connection:
        values = {
            "waiting": await waiting_by_hand(connection, TOLD),
            "tasks": await refund_tasks(connection),
            "unknown": await unknown_receipts(connection),
            "notices": await notices(connection),
        }
    shown = {
        **values,
        **_words(),
        "may_change": may_change,
        "today": today_of(request),
        "month_start": today_of(request).replace(day=1),
        "problem": error_text(problem) if problem else None,
        "reference_of": lambda number: spaced(reference_of(number)),
        "missing": missing,
        "doubts": DOUBTS,
    }
    return page(request, "payments/payments.html", shown, status=problem.status if problem else 200)


def _words() -> Mapping[str, Any]:
    return {
        "kinds": KINDS,
        "reasons": REASONS,
        "refund_states": REFUND_STATES,
        "outcomes": NOTICE_OUTCOMES,
    }


async def _order(request: Request, wrong: Wrong = NOTHING) -> Response:
    """Show all money of an order: what came, what went back, and what can still be done."""
    actor, order_id = actor_of(request), parse_id(request.path_params["id"])
    async with context_of(request).database.connection() as connection:
        account = await _money_of(context_of(request), order_id)
        values = {
            "receipts": await receipts_of(connection, order_id),
            "refunds": await refunds_of(connection, order_id),
        }
    shown = {
        **values,
        **_words(),
        "account": account,
        "missing": missing(account),
        "refundable": refundable(account),
        "reference": spaced(reference_of(account.number)) if account.provider in TOLD else None,
        "may_change": actor.may("manager"),
        "may_receive": account.provider in TOLD,
        "staff_reasons": [(key, REASONS[key]) for key in _STAFF_REASONS],
        "request_id": new_id(),
        **wrong.values(),
    }
    return page(request, "payments/payment.html", shown, status=wrong.status)


async def _money_of(context: Context, order_id: UUID) -> OrderMoney:
    async with context.database.connection() as connection:
        account = (await accounts_of(connection, [order_id])).get(order_id)
    if account is None:
        raise NotFound
    return account


@posted(_order)
async def _receive(request: Request, actor: Actor, fields: Fields) -> str:
    """Write down money that a member of the staff has seen in the bank account."""
    context = context_of(request)
    account = await _money_of(context, parse_id(request.path_params["id"]))
    amount = fields.amount("amount", account.currency, least=1) or 0
    reference = fields.text("reference", length_max=100)
    key = request_key(request, fields, "money received", account.order_id)
    fields.done()
    receipt = NewReceipt(
        key,
        account.order_id,
        account.provider,
        amount,
        account.currency,
        reference,
        link=order_link(context, account.order_id),
        staff_id=actor.id,
    )
    if isinstance(await receive_money(context, receipt), ReceiptKeyReused):
        raise AlreadySettled
    return f"/payments/orders/{account.order_id}"


@posted(_order)
async def _refund(request: Request, actor: Actor, fields: Fields) -> str:
    """Ask for some of the money to go back, and carry it out at once where a provider does it."""
    context = context_of(request)
    account = await _money_of(context, parse_id(request.path_params["id"]))
    amount = fields.amount("amount", account.currency, least=1) or 0
    reason = fields.choice("reason", set(_STAFF_REASONS))
    key = request_key(request, fields, "money back", account.order_id)
    fields.done()
    asked = RefundRequest(key, account.order_id, amount, reason, actor.id)
    answer = await context.batched(refund_many, asked)
    if isinstance(answer, RefundRefused):
        raise TooMuchBack(amount=money(answer.refundable_minor, account.currency))
    if not isinstance(answer, RefundAsked):
        raise AlreadySettled
    await carry_out_of(context, account.order_id)
    return f"/payments/orders/{account.order_id}"


async def _done(request: Request) -> Response:
    """Write down that a refund was carried out by hand."""
    actor, context = actor_of(request), context_of(request)
    refund_id = parse_id(request.path_params["id"])
    fields = await read_fields(request)
    reference = fields.text("reference", length_max=100, required=False)
    fields.done()
    async with context.database.connection() as connection:
        refund = await refund_of(connection, refund_id)
    if refund is None:
        raise NotFound
    if refund.state in ("by_hand", "failed"):
        link = order_link(context, refund.order_id)
        ending = Ending(refund_id, "done", link, reference or None, staff_id=actor.id)
        await context.batched(end_refunds_many, ending)
    elif refund.state != "done":
        raise AlreadySettled
    return see_other(f"/payments/orders/{refund.order_id}")


async def _retry(request: Request) -> Response:
    context, refund_id = context_of(request), parse_id(request.path_params["id"])
    async with context.database.transaction() as connection:
        refund = await refund_of(connection, refund_id)
        if refund is None:
            raise NotFound
        if not await retry_refund(connection, refund_id):
            raise AlreadySettled
    await carry_out_of(context, refund.order_id)
    return see_other(f"/payments/orders/{refund.order_id}")


async def _assign(request: Request) -> Response:
    """Say which order money is for of which nobody knew; by its number or its reference."""
    actor, context = actor_of(request), context_of(request)
    receipt_id = parse_id(request.path_params["id"])
    fields = await read_fields(request)
    text = ascii_digits(fields.text("order", length_max=60))
    fields.done()
    number = whole_number(text)
    if number is None:
        number = number_in(text)
    async with context.database.transaction() as connection:
        order_id = await order_of_number(connection, number) if number is not None else None
        if order_id is None:
            raise NotFound
        given = await give_to_order(
            connection,
            receipt_id,
            order_id,
            link=order_link(context, order_id),
            staff_id=actor.id,
        )
    if given is None:
        raise AlreadySettled
    if given.state == "cancelled":
        await refund_cancelled(context, order_id)
    return see_other(f"/payments/orders/{order_id}")


async def _close(request: Request) -> Response:
    actor, context = actor_of(request), context_of(request)
    receipt_id = parse_id(request.path_params["id"])
    fields = await read_fields(request)
    note = fields.text("note", length_max=200)
    fields.done()
    async with context.database.transaction() as connection:
        if not await close_receipt(connection, receipt_id, note=note, staff_id=actor.id):
            raise AlreadySettled
    return see_other("/payments")


routes: list[BaseRoute] = [
    StaffRoute("/payments", _list, role="agent"),
    *export.routes,
    *way_pages.routes,
    StaffRoute("/payments/orders/{id}", _order, role="agent"),
    StaffRoute("/payments/orders/{id}/receipts", _receive, role="manager", methods=["POST"]),
    StaffRoute("/payments/orders/{id}/refunds", _refund, role="manager", methods=["POST"]),
    StaffRoute("/payments/refunds/{id}/done", _done, role="manager", methods=["POST"]),
    StaffRoute("/payments/refunds/{id}/retry", _retry, role="manager", methods=["POST"]),
    StaffRoute("/payments/receipts/{id}/order", _assign, role="manager", methods=["POST"]),
    StaffRoute("/payments/receipts/{id}/closed", _close, role="manager", methods=["POST"]),
]
