"""What a bank tells by API Pix of its own accord: each PIX counts once, by its endToEndId."""

import hmac
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from safar.kernel.context import Context
from safar.kernel.errors import BadRequest, NotFound
from safar.kernel.ids import derived_id
from safar.shop.orders import order_of_number
from safar.shop.pay import receive
from safar.shop.payments.books import accounts_of, hear, refunds_of
from safar.shop.payments.links import link_of
from safar.shop.payments.model import (
    Account,
    Ending,
    NewReceipt,
    NotedRefund,
    ReceiptKeyReused,
    RefundRequest,
)
from safar.shop.payments.pix import REAIS, PixReceived, received_in
from safar.shop.payments.port import PIX
from safar.shop.payments.reference import number_in
from safar.shop.payments.refunds import end_many, note_many
from safar.shop.payments.ways import ways_of


async def pix_key(context: Context, token: str) -> str:
    """Return our key when `token` is the secret part of the address we gave the bank. Raises NotFound."""
    way = (await ways_of(context)).get(PIX)
    expected = way.secrets.get("token", "") if way else ""
    if way is None or not expected or not hmac.compare_digest(token.encode(), expected.encode()):
        raise NotFound
    return way.secrets.get("key", "")


async def hear_pix(context: Context, key: str, body: Mapping[str, Any]) -> list[str]:
    """Take a callback; return what was made of each PIX: taken or unknown. Raises BadRequest."""
    try:
        told = received_in(body)
    except ValueError:
        raise BadRequest from None
    return [await _take(context, key, one) for one in told]


async def _take(context: Context, key: str, pix: PixReceived) -> str:
    account = await _account(context, key, pix)
    order_id = account.order_id if account else None
    receipt = NewReceipt(
        derived_id("pix", pix.end_to_end_id), order_id, PIX, pix.amount_minor, REAIS, pix.end_to_end_id,
        pix.txid, link_of(context, order_id) if order_id else "",
        location_rule=context.settings.order_location_rule,
    )  # fmt: skip
    answer = await receive(context, receipt)
    outcome = "unknown" if account is None or isinstance(answer, ReceiptKeyReused) else "taken"
    if order_id is not None:
        back = [await _take_back(context, order_id, id_, minor) for id_, minor in pix.devolved]
        outcome = outcome if all(back) else "unknown"  # more than ever came in
    async with context.database.transaction() as connection:
        kind = "pix.devolved" if pix.devolved else "pix.received"
        await hear(connection, PIX, pix.end_to_end_id, kind, order_id=order_id, outcome=outcome)
    return outcome


async def _account(context: Context, key: str, pix: PixReceived) -> Account | None:
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
    link = link_of(context, order_id)
    for refund in refunds:
        if refund.state != "done" and refund.amount_minor == amount_minor:
            await context.batched(end_many, Ending(refund.id, "done", link, devolution_id))
            return True
    request = RefundRequest(derived_id("devolution", devolution_id), order_id, amount_minor, "at_provider")
    return await context.batched(note_many, NotedRefund(request, link, devolution_id))
