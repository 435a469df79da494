"""Decisions about money, without I/O: what is refundable, what is missing or over, when to try again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from safar.orders.model import OrderState, PaymentState
from safar.payments.books.model import (
    NewReceipt,
    OrderMoney,
    Receipt,
    Refund,
    RefundAnswer,
    RefundAsked,
    RefundKeyReused,
    RefundRefused,
    RefundRequest,
)
from safar.payments.books.names import BY_HAND

_HAVE_MONEY = frozenset({PaymentState.PAID, PaymentState.OWED, PaymentState.REFUNDED})
_AGAIN_FIRST = timedelta(seconds=20)
_AGAIN_MOST = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Fund:
    """Money for an order's goods, at the order where it was paid: its own or another's."""

    order_id: UUID
    left_minor: int


def split_by_fund(amount_minor: int, funds: Sequence[Fund]) -> list[Fund]:
    """Return which part of the amount each fund pays, the first ones first. Raises ValueError: too little."""
    parts = []
    for fund in funds:
        part = min(amount_minor, fund.left_minor)
        if part > 0:
            parts.append(Fund(fund.order_id, part))
            amount_minor -= part
    if amount_minor > 0:
        raise ValueError(f"{amount_minor} more than there is")
    return parts


def same_receipt(receipt: NewReceipt, before: NewReceipt | Receipt) -> bool:
    """Tell whether money told of again under its id is the money told of before: all that was said of it.

    What one of the two leaves open (its order, its reference, the payer's words) is no contradiction: a
    notice may say less than the one before, and people find out later what money is for.
    """
    if (receipt.amount_minor, receipt.currency, receipt.provider) != (
        before.amount_minor,
        before.currency,
        before.provider,
    ):
        return False
    pairs = (
        (receipt.order_id, before.order_id),
        (receipt.reference, before.reference),
        (receipt.named, before.named),
    )
    return all(now == then for now, then in pairs if now and then)


def held_money(account: OrderMoney) -> int:
    """Return what was ever received for an order; cash that came on delivery has no receipt."""
    paid = account.amount_minor if account.state in _HAVE_MONEY else 0
    return max(account.captured_minor, paid)


def refundable(account: OrderMoney) -> int:
    """Return what can go back; of an order that still waits for money only what is over."""
    needed_minor = account.amount_minor if account.order_state == OrderState.PLACED else 0
    return max(held_money(account) - needed_minor - account.refunding_minor - account.carried_minor, 0)


def own_money(account: OrderMoney) -> int:
    """Return what an order's goods are worth to it in money of its own: paid and not gone, or due still."""
    if account.state != PaymentState.DUE:
        return refundable(account)
    return max(
        account.captured_minor + account.amount_minor - account.refunding_minor - account.carried_minor, 0
    )


def to_refund(account: OrderMoney) -> int:
    """Return what nobody has asked back yet, of an order that will never be sent."""
    gone = account.order_state == OrderState.CANCELLED or account.state == PaymentState.FAILED
    return refundable(account) if gone else 0


def missing(account: OrderMoney) -> int:
    """Return what is still to come."""
    return max(account.amount_minor - account.captured_minor, 0)


def newly_over(account: OrderMoney, *, arrived_minor: int) -> int:
    """Return how much of what has just arrived is more than the order costs; `account` is that of before."""
    before = max(account.captured_minor - account.amount_minor, 0)
    return max(account.captured_minor + arrived_minor - account.amount_minor, 0) - before


def plan_refunds(
    requests: Sequence[RefundRequest], accounts: Mapping[UUID, OrderMoney], known: Mapping[UUID, Refund]
) -> tuple[list[RefundAnswer], list[RefundRequest]]:
    """Return each request's answer, and the new refunds to write: what goes back is never more than came.

    Requests count in order, each seeing what those before it took.
    """
    left = {order_id: refundable(account) for order_id, account in accounts.items()}
    first: dict[UUID, RefundRequest] = {}
    answers: list[RefundAnswer] = []
    for request in requests:
        before = known.get(request.refund_id) or first.get(request.refund_id)
        if before is not None:
            answers.append(_again(request, before, accounts))
            continue
        most = left.get(request.order_id, 0)
        if not 0 < request.amount_minor <= most:
            answers.append(RefundRefused(request.refund_id, most))
            continue
        left[request.order_id] = most - request.amount_minor
        first[request.refund_id] = request
        answers.append(RefundAsked(request.refund_id, first_state(accounts[request.order_id].provider)))
    return answers, list(first.values())


def _again(
    request: RefundRequest, before: Refund | RefundRequest, accounts: Mapping[UUID, OrderMoney]
) -> RefundAnswer:
    recorded, asked = ([refund.order_id, refund.amount_minor, refund.reason] for refund in (before, request))
    if recorded != asked:
        return RefundKeyReused(request.refund_id)
    state = before.state if isinstance(before, Refund) else first_state(accounts[before.order_id].provider)
    return RefundAsked(request.refund_id, state, replayed=True)


def first_state(provider: str) -> str:
    return "by_hand" if provider in BY_HAND else "asked"


def ends(state: str, ending: str) -> bool:
    """Tell whether a refund in this state takes this ending; a bank may send back what had gone through."""
    return ending == "failed" if state == "done" else state != ending


def with_captured(account: OrderMoney, arrived_minor: int) -> OrderMoney:
    return replace(account, captured_minor=account.captured_minor + arrived_minor)


def try_again_in(tries: int) -> timedelta:
    """Return the pause after this many tries: doubling, up to an hour."""
    return min(_AGAIN_FIRST * (1 << min(max(tries - 1, 0), 12)), _AGAIN_MOST)
