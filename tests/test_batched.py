"""One bad request among good ones undoes nothing and costs no transaction: for every verb that is batched."""

import ast
import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from safar.campaigns.outcomes import Click
from safar.cart.decide import CartChange, CartCode
from safar.cart.reading import PricedCartRequest
from safar.channels.inbound_mail import unread_mail
from safar.channels.model import WEB
from safar.channels.registry import KINDS as MESSENGERS
from safar.customers.model import Consent
from safar.customers.visitor import new_visitor
from safar.gate.line.visits import MovedVisit
from safar.gate.site.sites import ensure_site
from safar.gate.tickets.model import SHOP, Arrival, EntryClaim, Renewal, Ticket
from safar.inbox.model import Inbound
from safar.inbox.webhooks import read_post
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.batcher import Batcher
from safar.kernel.context import Context
from safar.kernel.database import Connection
from safar.kernel.errors import SafarError
from safar.kernel.ids import new_id
from safar.orders.cancel import Cancellation
from safar.orders.confirm import Confirmation
from safar.payments.books.model import Ending, NewReceipt, NotedRefund, RefundRequest
from safar.payments.books.started import StartedPayment
from safar.returns import model as return_model
from safar.returns.give_up import GiveUp
from safar.returns.receive import approve_many, receive_returns_many
from safar.returns.request import request_many
from safar.shipments import model as shipment_model
from safar.shipments.actions import ship_many
from safar.stock.model import MAIN
from tests.stage.orders import LINK, SAM, bought, delivered
from tests.stage.pigeon import PigeonSender, pigeon, post_of, register, set_up
from tests.stage.shop import CLOCK, MUG, receive, request, shop, stocked  # noqa: F401 - a shop to buy in

_SOURCE = Path(import_module("safar").__file__ or "").parent
Requests = tuple[list[Any], Any]  # good ones, and one that is refused, or about nothing that there is
Make = Callable[[Context], Awaitable[Requests]]
_CASES: dict[str, Make] = {}


def case(verb: str) -> Callable[[Make], Make]:
    def keep(make: Make) -> Make:
        _CASES[verb] = make
        return make

    return keep


def _unknown(verb: str, make: Callable[[], Any]) -> None:
    """A verb that is told of what there is not, or not any more."""

    async def requests(_context: Context) -> Requests:
        return [make(), make()], make()

    _CASES[verb] = requests


def _batched() -> set[str]:
    """Return every verb that is passed to `batched`, as module:name, wherever it is defined."""
    found = set()
    for path in _SOURCE.rglob("*.py"):
        if path.parent.name in {"kernel", "bench"}:
            continue
        asked = [
            node.args[0]
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "batched"
        ]
        if asked:
            unnamed = [ast.unparse(one) for one in asked if not isinstance(one, ast.Name)]
            assert not unnamed, f"{path}: batched is given a verb by its name, so that this test finds it"
            module = import_module(".".join(("safar", *path.relative_to(_SOURCE).with_suffix("").parts)))
            verbs = [getattr(module, one.id) for one in asked if isinstance(one, ast.Name)]
            found |= {f"{verb.__module__}:{verb.__name__}" for verb in verbs}
    return found


def _later() -> Any:
    return clock.now() + timedelta(minutes=10)


_unknown("safar.campaigns.outcomes:click_many", lambda: Click(new_id(), new_id()))
_unknown("safar.cart.reading:priced_carts_many", lambda: PricedCartRequest(new_id(), None, "GBP", "en"))
_unknown("safar.gate.line.visits:number_many", new_id)
_unknown("safar.gate.line.visits:leave_soon_many", new_id)
_unknown("safar.gate.line.visits:renew_many", lambda: Renewal(new_id(), _later(), _later()))
_unknown("safar.gate.line.visits:leave_many", new_id)
_unknown("safar.gate.line.visits:take_along_many", lambda: MovedVisit(new_id(), "192.0.2.0/24"))
_unknown("safar.gate.line.visits:visits_of_invitations_many", new_id)
_unknown("safar.payments.books.ask_refund:refund_cancelled_many", new_id)
_unknown("safar.payments.books.end_refund:end_refunds_many", lambda: Ending(new_id(), "done", LINK))
_unknown(
    "safar.payments.books.started:keep_started_many",
    lambda: StartedPayment(new_id(), {}, None, None, None, LINK),
)
_unknown("safar.journal.actions:record_many", lambda: Event(name="page.seen", subject_id=new_id()))
_unknown("safar.orders.cancel:cancel_unpaid_many", lambda: Cancellation(new_id(), LINK, "payment_declined"))
_unknown("safar.orders.confirm:confirm_many", lambda: Confirmation(new_id(), LINK))
_unknown("safar.returns.refuse:refuse_many", lambda: return_model.Refusal(new_id(), SAM, LINK, "no"))
_unknown("safar.inbox.email:deliver_mail_many", lambda: unread_mail(new_id().bytes, "not a mail"))


@case("safar.inbox.take_in:take_in_many")
async def _posts(context: Context) -> Requests:
    register(pigeon(PigeonSender()))
    account = await set_up(context)
    elements = [{"id": "1", "from": "ana", "text": "Hello"}, {"no": "such element"}]
    made = [read_post(account, MESSENGERS["pigeon"], post_of(element)) for element in elements]
    return made[:1], made[1]


@case("safar.gate.line.actions:enter_many")
async def _enter(_context: Context) -> Requests:
    made = [Arrival(key, new_id(), None, None, _later()) for key in (SHOP, "no such room")]
    return made[:1], made[1]


@case("safar.gate.line.actions:admit_many")
async def _admit(_context: Context) -> Requests:
    made = [
        EntryClaim(key, Ticket(new_id(), 1, 0, clock.now()), None, None, _later()) for key in (SHOP, "none")
    ]
    return made[:1], made[1]


@case("safar.customers.actions:consent_many")
async def _consent(context: Context) -> Requests:
    await bought(context, (MUG, 1))
    async with context.database.connection() as connection:
        found = await (await connection.execute("SELECT id FROM customers")).fetchall()
    ids = [found[0][0], new_id()]
    made = [Consent(id_, "email", False, "unsubscribe") for id_ in ids]
    return made[:1], made[1]


@case("safar.inbox.receive:receive_messages_many")
async def _message(_context: Context) -> Requests:
    key = new_id()

    def message(external_id: str, text: str) -> Inbound:
        return Inbound(
            message_id=new_id(),
            channel_id=WEB,
            external_id=external_id,
            address=external_id,
            text=text,
            language="en",
            customer_id=new_id(),
        )

    return [message(str(key), "Hello"), message(str(new_id()), "Hello")], message(str(key), "Something else")


@case("safar.orders.place:place_many")
@case("safar.orders.place:buy_many")
async def _order(_context: Context) -> Requests:
    return [request(lines=((CLOCK, 1),)), request(lines=((MUG, 1),))], request(lines=((new_id(), 1),))


def _change(key: Any, quantity: int) -> CartChange:
    return CartChange(key, new_id(), _ADA, "MUG", quantity, "add", "GBP")


_ADA = new_visitor()


@case("safar.cart.actions:change_carts_many")
async def _cart(_context: Context) -> Requests:
    key = new_id()
    return [_change(key, 1), _change(new_id(), 1)], _change(key, 2)


@case("safar.cart.actions:set_codes_many")
async def _code(_context: Context) -> Requests:
    key = new_id()
    made = [CartCode(key_, new_id(), _ADA, code) for key_, code in ((key, "A"), (new_id(), "B"), (key, "C"))]
    return made[:2], made[2]


@case("safar.returns.cancel_order:cancel_with_exchanges_many")
async def _cancel(context: Context) -> Requests:
    ids = [await bought(context, (MUG, 1)), new_id()]
    made = [Cancellation(id_, LINK, "cancelled_by_shop") for id_ in ids]
    return made[:1], made[1]


@case("safar.shipments.actions:pack_many")
async def _pack(context: Context) -> Requests:
    return [shipment_model.Pack(await bought(context, (MUG, 1)), SAM)], shipment_model.Pack(new_id(), SAM)


@case("safar.shipments.actions:ship_many")
async def _ship(context: Context) -> Requests:
    asked = [(await bought(context, (MUG, 1)), units) for units in (1, 1, 5)]
    made = [shipment_model.Shipping(new_id(), id_, MAIN, LINK, ((MUG, units),)) for id_, units in asked]
    return made[:2], made[2]


@case("safar.shipments.actions:deliver_many")
async def _deliver(context: Context) -> Requests:
    return [shipment_model.OrderDelivery(await bought(context, (MUG, 1)), SAM)], shipment_model.OrderDelivery(
        new_id(), SAM
    )


@case("safar.returns.give_up:give_up_many")
async def _give_up(context: Context) -> Requests:
    # Of the last one nothing has left: such an order is cancelled instead.
    ids = [await bought(context, (MUG, 2)) for _order in range(3)]
    for id_ in ids[:2]:
        await context.batched(ship_many, shipment_model.Shipping(new_id(), id_, MAIN, LINK, ((MUG, 1),)))
    made = [GiveUp(new_id(), id_, SAM, LINK, "no") for id_ in ids]
    return made[:2], made[2]


def _asked(order_id: Any, units: int = 1) -> return_model.ReturnRequest:
    line = return_model.AskedLine(MUG, units, "broken")
    return return_model.ReturnRequest(new_id(), order_id, (line,), "refund", 30, LINK)


@case("safar.returns.request:request_many")
async def _return(context: Context) -> Requests:
    ids = [await delivered(context, (MUG, 1)) for _order in range(3)]
    return [_asked(id_) for id_ in ids[:2]], _asked(ids[2], 9)


async def _returns(context: Context, *, received: bool = False) -> list[Any]:
    ids = []
    for _order in range(2):
        asked = _asked(await delivered(context, (MUG, 1)))
        ids.append((await context.batched(request_many, asked)).id)
        if received:
            await context.batched(approve_many, return_model.Approval(ids[-1], SAM, LINK))
            await context.batched(receive_returns_many, _arrival(ids[-1]))
    return ids


def _arrival(return_id: Any, units: int = 1) -> return_model.ReturnArrival:
    return return_model.ReturnArrival(
        return_id, SAM, LINK, ((MUG, units),), (return_model.Arrived(MUG, MAIN, units),)
    )


@case("safar.returns.receive:approve_many")
async def _approve(context: Context) -> Requests:
    ids = [*await _returns(context), new_id()]
    made = [return_model.Approval(id_, SAM, LINK) for id_ in ids]
    return made[:2], made[2]


@case("safar.returns.receive:receive_returns_many")
async def _receive(context: Context) -> Requests:
    ids = await _returns(context)
    for id_ in ids:
        await context.batched(approve_many, return_model.Approval(id_, SAM, LINK))
    return [_arrival(ids[0])], _arrival(ids[1], 7)


@case("safar.returns.receive:refund_return_many")
async def _refund_return(context: Context) -> Requests:
    ids = await _returns(context, received=True)
    made = [
        return_model.ReturnRefund(id_, SAM, LINK, amount_minor=n)
        for id_, n in zip(ids, (1, 10**6), strict=True)
    ]
    return made[:1], made[1]


@case("safar.payments.books.receive:receive_money_many")
async def _money(context: Context) -> Requests:
    id_ = new_id()
    made = [NewReceipt(key, None, "transfer", n, "GBP") for key, n in ((id_, 5), (new_id(), 5), (id_, 9))]
    return made[:2], made[2]


@case("safar.payments.books.ask_refund:refund_many")
async def _refund(context: Context) -> Requests:
    ids = [await delivered(context, (MUG, 1)), new_id()]
    made = [RefundRequest(new_id(), id_, 10, "") for id_ in ids]
    return made[:1], made[1]


@case("safar.payments.books.end_refund:note_many")
async def _noted(context: Context) -> Requests:
    ids = [await delivered(context, (MUG, 1)), new_id()]
    made = [NotedRefund(RefundRequest(new_id(), id_, 10, ""), LINK, "ref") for id_ in ids]
    return made[:1], made[1]


@pytest.mark.finding("issue-7.10")
def test_what_raises_for_one_request_is_made_to_refuse_it() -> None:
    """A batched verb whose docstring says that it raises stands behind `refusing`."""
    raising = []
    for name in _batched():
        module, _sep, function = name.partition(":")
        verb = getattr(import_module(module), function)
        if "Raises" in (verb.__doc__ or "") and not hasattr(verb, "__wrapped__"):
            raising.append(name)
    assert not raising


@pytest.mark.finding("security-10")
@pytest.mark.finding("issue-7.10")
async def test_one_bad_request_among_good_ones_costs_nobody_anything(context: Context) -> None:
    async with context.database.transaction() as connection:
        await ensure_site(connection, SHOP, 10)
    await receive(context.database, {"MUG": 100})
    wrong = {}
    for name in sorted(_batched()):
        assert name in _CASES, f"give {name} a case: good requests and one that is refused"
        module, _sep, function = name.partition(":")
        verb = getattr(import_module(module), function)
        tries = 0

        async def counted(connection: Connection, requests: Sequence[Any], verb: Any = verb) -> Any:
            nonlocal tries
            tries += 1
            return await verb(connection, requests)

        try:
            good, bad = await _CASES[name](context)
            submit = Batcher(context.database, counted).submit
            outcomes = await asyncio.gather(*map(submit, [*good, bad]), return_exceptions=True)
        except Exception as error:  # the other verbs are tried all the same
            wrong[name] = repr(error)
            continue
        failed = [one for one in outcomes[:-1] if isinstance(one, BaseException)]
        refusal = isinstance(outcomes[-1], BaseException) and not isinstance(outcomes[-1], SafarError)
        if failed or refusal or tries != 1:
            wrong[name] = f"{tries} tries: {outcomes}"
    assert not wrong, "\n".join(f"{name}: {what}" for name, what in wrong.items())
