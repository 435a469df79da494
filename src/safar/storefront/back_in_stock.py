"""Being told when something is back: asked for, confirmed by e-mail, told once, as many as units are free."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from safar.cart.available import available_of
from safar.catalogue.words import words_in
from safar.channels.actions import queue_many
from safar.channels.model import Outgoing
from safar.customers.actions import AddressClaim, Proof, claim_addresses_many, finals
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import (
    Connection,
    as_json,
    execute,
    row,
    rows,
    transaction,
    value,
    values,
)
from safar.kernel.ids import derived_id
from safar.kernel.once import Asked, Known, keep_many, known_alone
from safar.kernel.setbacks import nobodys_fault, note
from safar.orders.ownership import take_proof
from safar.storefront.back_in_stock_mail import confirm_mail, told_mail
from safar.storefront.decide import to_tell
from safar.storefront.errors import TooManyBackRequests, TooManyFromNetwork, UnknownBackRequest
from safar.storefront.look import QUERIES
from safar.storefront.model import BackInStockRequest, BackRequest
from safar.storefront.strangers import may_cause_mail

PURPOSE = "back in stock"
_ASKED_A_DAY_MAX = 20
_AGAIN_AFTER = timedelta(minutes=10)
# For so long a free unit is still for those who were told of it.
_CHANCE = timedelta(hours=24)
_UNCONFIRMED_KEPT = timedelta(days=7)
_OVER_KEPT = timedelta(days=90)
_VARIANTS_MAX = 500


@dataclass(frozen=True, slots=True)
class _Awaited:
    variant_id: UUID
    waiting: int
    told: int


async def ask(context: Context, connection: Connection, asked: BackRequest) -> str:
    """Write down a request; return its state: "confirmed", or "asked" when a mail asks to confirm it.

    The answer is the same whether or not somebody with this address has asked before. Writes
    back_in_stock.asked, and back_in_stock.confirmed for a reader we know. Raises TooManyBackRequests,
    TooManyFromNetwork, SameKeyOtherBody.
    """
    key = derived_id(PURPOSE, asked.key)
    once = Asked(key, [str(asked.variant_id), asked.email])
    known = await known_alone(connection, once)
    if isinstance(known, Known):
        return str(known.answer["state"])
    now = clock.now()
    lead = (await finals(connection, [asked.customer_id])).get(asked.customer_id, asked.customer_id)
    params = {"email": asked.email, "customer_id": lead, "since": now - timedelta(days=1)}
    if await value(connection, QUERIES["asked_lately"], params) >= _ASKED_A_DAY_MAX:
        raise TooManyBackRequests
    ours = await value(connection, QUERIES["known_reader"], params) is not None
    if not ours and not may_cause_mail(context, asked.network):
        raise TooManyFromNetwork
    state = "confirmed" if ours else "asked"
    claim = AddressClaim(
        customer_id=lead, kind="email", value=asked.email, language=asked.language, source="back_in_stock"
    )
    customer_id = lead if ours else (await claim_addresses_many(connection, [claim]))[0]
    record = params | {
        "id": key,
        "variant_id": asked.variant_id,
        "customer_id": customer_id,
        "now": now,
        "state": state,
        "campaign_id": asked.campaign_id,
        "language": asked.language,
        "before": now - _AGAIN_AFTER,
    }
    written = await value(connection, QUERIES["ask_back"], record)
    if written is None:
        written = await value(connection, QUERIES["ask_back_again"], record)
    if written is not None:
        await _written(context, connection, written)
    keep_many(connection, [(once, {"state": state})])
    return state


async def _written(context: Context, connection: Connection, request_id: UUID) -> None:
    waiting = await find_request(connection, request_id)
    events = [_event("back_in_stock.asked", waiting)]
    if waiting.state == "confirmed":
        events.append(_event("back_in_stock.confirmed", waiting))
    else:
        link = f"{context.settings.public_url}/back-in-stock/{context.vault.sign(PURPOSE, request_id.hex)}"
        titles = await _titles(connection, [waiting])
        await queue_many(connection, [confirm_mail(waiting, titles[waiting.id], link)])
    await append_many(connection, events)


async def find_request(connection: Connection, request_id: UUID) -> BackInStockRequest:
    """Return a request as it stands. Raises UnknownBackRequest."""
    waiting = await row(BackInStockRequest, connection, QUERIES["back_request"], {"id": request_id})
    if waiting is None:
        raise UnknownBackRequest
    return waiting


async def confirm(connection: Connection, request_id: UUID, *, browser: UUID) -> BackInStockRequest:
    """Confirm that a request was made by whoever reads its mail, which proves the address to be theirs.

    `browser`: the customer that confirms. Writes back_in_stock.confirmed.
    """
    (waiting,) = await _change(connection, [request_id], "confirm_back", "back_in_stock.confirmed")
    proof = Proof(
        claimant=waiting.customer_id,
        kind="email",
        value=waiting.email,
        language=waiting.language,
        browser=browser,
    )
    owner_id = await take_proof(connection, proof)
    await execute(connection, QUERIES["give_back_request"], {"id": request_id, "customer_id": owner_id})
    return waiting


async def cancel_requests_many(
    connection: Connection, request_ids: Sequence[UUID]
) -> list[BackInStockRequest]:
    """Take requests back. Writes back_in_stock.cancelled."""
    return await _change(connection, request_ids, "cancel_back", "back_in_stock.cancelled")


async def _change(
    connection: Connection, ids: Sequence[UUID], query: str, name: str
) -> list[BackInStockRequest]:
    changed = [
        id_ for id_ in sorted(ids) if await value(connection, QUERIES[query], {"id": id_, "now": clock.now()})
    ]
    requests = [await find_request(connection, id_) for id_ in ids]
    await append_many(connection, [_event(name, request) for request in requests if request.id in changed])
    return requests


async def tell_step(context: Context, after: UUID) -> tuple[UUID | None, int]:
    """Tell those who wait for the variants that come after `after`, as many as units are free of each.

    Return where to go on (None: that were all), and how many were told. Writes back_in_stock.told.
    """
    async with context.database.transaction() as connection:
        if not await value(connection, QUERIES["alone"]):
            return None, 0
        now = clock.now()
        params = {"after": after, "since": now - _CHANCE, "limit": _VARIANTS_MAX}
        awaited = await rows(_Awaited, connection, QUERIES["awaited"], params)
        available = await available_of(connection, [variant.variant_id for variant in awaited], None)
        turns = {
            variant.variant_id: to_tell(available[variant.variant_id].free, variant.told, variant.waiting)
            for variant in awaited
        }
        mailed, failed = await _tell_each(
            context, connection, {id_: units for id_, units in turns.items() if units}
        )
    for variant_id, error in failed.items():
        await note(context.database, "storefront.back_in_stock", variant_id, error)
    return (awaited[-1].variant_id if len(awaited) == _VARIANTS_MAX else None), mailed


async def _tell_each(
    context: Context, connection: Connection, turns: dict[UUID, int]
) -> tuple[int, dict[UUID, Exception]]:
    """Tell all together; if that fails, variant by variant. Returns how many were told, and what failed."""
    try:
        async with transaction(connection):
            return await _tell(context, connection, turns), {}
    except Exception as error:
        if nobodys_fault(error):
            raise
    mailed, failed = 0, dict[UUID, Exception]()
    for variant_id, units in turns.items():
        try:
            async with transaction(connection):
                mailed += await _tell(context, connection, {variant_id: units})
        except Exception as error:
            if nobodys_fault(error):
                raise
            failed[variant_id] = error
    return mailed, failed


async def _tell(context: Context, connection: Connection, turns: dict[UUID, int]) -> int:
    if not turns:
        return 0
    wanted = as_json([{"variant_id": id_, "units": units} for id_, units in turns.items()])
    first = await rows(BackInStockRequest, connection, QUERIES["first_in_line"], {"turns": wanted})
    params = {"ids": [request.id for request in first], "now": clock.now()}
    told_ids = set(await values(connection, QUERIES["tell"], params))
    mailed = [request for request in first if request.id in told_ids]
    titles = await _titles(connection, mailed)
    mails: list[Outgoing] = [
        told_mail(request, titles[request.id], context.settings.public_url) for request in mailed
    ]
    await queue_many(connection, mails)
    await append_many(connection, [_event("back_in_stock.told", request) for request in mailed])
    return len(mailed)


async def _titles(connection: Connection, waiting: Sequence[BackInStockRequest]) -> dict[UUID, str]:
    """Return how each one's product is called in their language."""
    titles: dict[UUID, str] = {}
    for language in {back_in_stock_request.language for back_in_stock_request in waiting}:
        mine = [
            back_in_stock_request
            for back_in_stock_request in waiting
            if back_in_stock_request.language == language
        ]
        words = await words_in(connection, {request.product_id for request in mine}, language)
        titles |= {request.id: words[request.product_id].title for request in mine}
    return titles


async def forget_old_requests(connection: Connection) -> int:
    """Forget requests that nobody confirmed, and those that are long over; return how many."""
    now = clock.now()
    params = {"unconfirmed": now - _UNCONFIRMED_KEPT, "over": now - _OVER_KEPT}
    return await execute(connection, QUERIES["forget_back_requests"], params)


def _event(name: str, waiting: BackInStockRequest) -> Event:
    return Event(
        name=name,
        customer_id=waiting.customer_id,
        campaign_id=waiting.campaign_id,
        subject_id=waiting.variant_id,
        properties={"sku": waiting.sku, "request_id": waiting.id},
    )
