"""What a request for an order is answered, without I/O."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from safar.kernel.errors import SameKeyOtherBody
from safar.orders.errors import Answer
from safar.orders.model import Order, OrderRequest, Taken


def taken_of(order: Order, *, replayed: bool) -> Taken:
    return Taken(
        order.id,
        order.number,
        order.state,
        order.payment_state,
        order.total_minor,
        order.currency,
        order.reason,
        replayed,
    )


def new_of(requests: Sequence[OrderRequest], known: Mapping[UUID, Order]) -> list[OrderRequest]:
    """Return the requests whose id nobody has used, each id once: the first to come counts."""
    first: dict[UUID, OrderRequest] = {}
    for request in requests:
        if request.order_id not in known:
            first.setdefault(request.order_id, request)
    return list(first.values())


def answers_of(
    requests: Sequence[OrderRequest],
    known: Mapping[UUID, Order],
    new: Sequence[OrderRequest],
    answers: Mapping[UUID, Answer],
) -> list[Answer]:
    """Return each request's answer: its own, the replay of an earlier one, or SameKeyOtherBody."""
    prints = {request.order_id: request.fingerprint for request in new}
    answered: set[UUID] = set()
    outcomes: list[Answer] = []
    for request in requests:
        order = known.get(request.order_id)
        if (order.fingerprint if order else prints[request.order_id]) != request.fingerprint:
            outcomes.append(SameKeyOtherBody())
            continue
        answer = taken_of(order, replayed=True) if order else answers[request.order_id]
        if isinstance(answer, Taken) and request.order_id in answered:
            answer = Taken(
                answer.order_id,
                answer.number,
                answer.state,
                answer.payment_state,
                answer.total_minor,
                answer.currency,
                answer.reason,
                replayed=True,
            )
        answered.add(request.order_id)
        outcomes.append(answer)
    return outcomes
