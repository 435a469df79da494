"""What a bank tells by API Pix of its own accord: each PIX counts once, by its endToEndId."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.errors import BadRequest, NotFound
from safar.kernel.ids import derived_id
from safar.kernel.web.access import PublicRoute
from safar.kernel.web.forms import read_json
from safar.orders.links import order_link
from safar.orders.reading import order_of_number, orders_by_id
from safar.payments.books.end_refund import end_refunds_many, note_many
from safar.payments.books.model import (
    Ending,
    NewReceipt,
    NotedRefund,
    OrderMoney,
    ReceiptKeyReused,
    RefundRequest,
)
from safar.payments.books.names import PIX
from safar.payments.books.reading import accounts_of, keep_notice, receipt_of, refunds_of
from safar.payments.books.reference import number_in
from safar.payments.providers.kind import DeskOf
from safar.payments.providers.pix.doubts import doubt_of
from safar.payments.providers.pix.provider import REAIS, PixReceived, received_in
from safar.payments.providers.port import NoticeTaker


@dataclass(frozen=True, slots=True)
class NoticeCaller:
    """Who calls with a notice: `key` is ours, `proven` when the bank has shown that it is the bank."""

    key: str
    proven: bool


async def caller_of(
    desk: NoticeTaker, token: str, body: bytes, *, signature: str | None, subject: str | None
) -> NoticeCaller:
    """Return who tells, when `token` is the secret part of the address we gave the bank. Raises NotFound.

    A token that was replaced works until its time is over. `signature`: HMAC-SHA256 of the body in hex;
    `subject`: of the client's certificate, as the proxy in front of us has checked it.
    """
    way = await desk.way(PIX)
    if way is None or not any(_same(token, known) for known in _tokens(way.secrets)):
        raise NotFound
    signing = way.secrets.get("signing", "")
    signed = hmac.new(signing.encode(), body, hashlib.sha256).hexdigest() if signing else ""
    given = (signature or "").strip().lower().removeprefix("sha256=")
    wanted = desk.context.settings.pix_client_subject
    proven = _same(given, signed) or bool(wanted and subject and _same(subject.strip(), wanted))
    return NoticeCaller(way.secrets.get("key", ""), proven)


def _tokens(secrets: Mapping[str, str]) -> list[str]:
    tokens = [secrets.get("token", "")]
    if secrets.get("token_before") and secrets.get("token_until", "") > clock.now().isoformat():
        tokens.append(secrets["token_before"])
    return tokens


def _same(given: str, known: str) -> bool:
    return bool(known) and hmac.compare_digest(given.encode(), known.encode())


async def take_pix_notice(desk: NoticeTaker, caller: NoticeCaller, body: Mapping[str, Any]) -> list[str]:
    """Take a callback; return what was made of each PIX: taken, unknown, or to be checked by people.

    Raises BadRequest.
    """
    try:
        payments = received_in(body)
    except ValueError:
        raise BadRequest from None
    return [await _take(desk, caller, payment) for payment in payments]


async def _take(desk: NoticeTaker, caller: NoticeCaller, pix: PixReceived) -> str:
    context = desk.context
    account = await _account(context, caller.key, pix)
    order_id = account.order_id if account else None
    receipt_id = derived_id("pix", pix.end_to_end_id)
    async with context.database.connection() as connection:
        known = await receipt_of(connection, receipt_id)
        order = (await orders_by_id(connection, [order_id])).get(order_id) if order_id else None
    doubt = None
    if known is not None:
        order_id = known.order_id
        doubt = known.doubt if known.order_id is None and known.closed_at is None else None
    elif account is not None and order is not None:
        doubt = doubt_of(
            pix,
            account,
            placed_at=order.placed_at,
            now=clock.now(),
            proven=caller.proven,
            believed_max_minor=context.settings.pix_believed_max_minor,
        )
    receipt = NewReceipt(
        receipt_id,
        None if doubt else order_id,
        PIX,
        pix.amount_minor,
        REAIS,
        pix.end_to_end_id,
        pix.txid,
        order_link(context, order_id) if order_id else "",
        doubt=doubt or "",
        payer=pix.payer,
    )
    answer = await desk.receive(receipt)
    outcome = "unknown" if order_id is None or isinstance(answer, ReceiptKeyReused) else "taken"
    if doubt:
        outcome = "to_check"
    elif order_id is not None and pix.devolved:
        # Money that a notice says has gone back is written off only where the bank has proven itself.
        back = [
            caller.proven and await _take_back(context, order_id, id_, minor) for id_, minor in pix.devolved
        ]
        outcome = outcome if all(back) else "to_check"
    async with context.database.transaction() as connection:
        kind = "pix.devolved" if pix.devolved else "pix.received"
        await keep_notice(connection, PIX, pix.end_to_end_id, kind, order_id=order_id, outcome=outcome)
    return outcome


async def _account(context: Context, key: str, pix: PixReceived) -> OrderMoney | None:
    """Return the money of the order whose reference is the txid; None when it names none of ours."""
    number = number_in(pix.txid)
    if number is None or (pix.key and pix.key.lower() != key.lower()):
        return None
    async with context.database.connection() as connection:
        order_id = await order_of_number(connection, number)
        account = (await accounts_of(connection, [order_id])).get(order_id) if order_id else None
    return account if account is not None and account.currency == REAIS else None


async def _take_back(context: Context, order_id: UUID, devolution_id: str, amount_minor: int) -> bool:
    """Write down money that the bank has given back: the task that asked for it, or one made at the bank."""
    async with context.database.connection() as connection:
        refunds = await refunds_of(connection, order_id)
    if any(refund.reference == devolution_id for refund in refunds):
        return True
    link = order_link(context, order_id)
    for refund in refunds:
        if refund.state != "done" and refund.amount_minor == amount_minor:
            await context.batched(end_refunds_many, Ending(refund.id, "done", link, devolution_id))
            return True
    request = RefundRequest(derived_id("devolution", devolution_id), order_id, amount_minor, "at_provider")
    return await context.batched(note_many, NotedRefund(request, link, devolution_id))


def routes(desk_of: DeskOf) -> Sequence[BaseRoute]:
    """Return the doors of the bank; banks add the last step of the second one by themselves."""

    async def hear(request: Request) -> Response:
        desk = desk_of(request)
        header = desk.context.settings.pix_client_subject_header
        caller = await caller_of(
            desk,
            request.path_params["token"],
            await request.body(),
            signature=request.headers.get("x-signature"),
            subject=request.headers.get(header) if header else None,
        )
        return JSONResponse({"outcomes": await take_pix_notice(desk, caller, await read_json(request))})

    why = "the bank that was told the secret part of the address"
    return [
        PublicRoute("/pay/notices/pix/{token}", hear, why=why, methods=["POST"]),
        PublicRoute("/pay/notices/pix/{token}/pix", hear, why=why, methods=["POST"]),
    ]
