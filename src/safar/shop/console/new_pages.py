"""An order that staff take for a customer, by phone or at the counter: by the checkout's own verb."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.catalogue.codes import variant_of_code
from safar.catalogue.model import Variant
from safar.customers.actions import customer_cards
from safar.customers.visitor import Visitor
from safar.kernel.context import Context
from safar.kernel.errors import SameKeyOtherBody
from safar.kernel.i18n import _
from safar.kernel.ids import derived_id, new_id
from safar.kernel.text import whole_number
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, page
from safar.kernel.web.post import NOTHING, Wrong, posted
from safar.orders.errors import NotDelivered, NotNow
from safar.orders.model import Buyer, OrderLimits
from safar.owner.reading import known_shop
from safar.payments.books.names import CASH, TOLD
from safar.payments.ways import PaymentWay, offered
from safar.pricing.model import Destination, NoShipping, Priced, Quote
from safar.pricing.places import countries_to_choose
from safar.pricing.quote import quote
from safar.pricing.rules import rules_of
from safar.shop.checkout.form import choices_of, details_of, order_request, read_order_key
from safar.shop.checkout.take_order import is_kept, not_kept, take_order

LINES = 8
_UNITS_MAX = 1000
_CODE_MAX = 64


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Articles with their units, in the shop's own currency."""

    variants: Mapping[UUID, Variant]
    units: Mapping[UUID, int]


async def _page(
    request: Request, wrong: Wrong = NOTHING, *, checked: Quote | None = None, typed: Fields | None = None
) -> Response:
    """Show the form; once it was checked with what it costs, and the button that orders."""
    context = context_of(request)
    home, currency = known_shop(context).country, context.settings.currency
    rules = await rules_of(context)
    values = dict(typed.values if typed else wrong.typed)
    if not values and (customer_id := request.query_params.get("customer")):
        values = await _of_customer(context, customer_id)
    shown = {
        "typed": values,
        "problems": wrong.problems,
        "problem": wrong.problem,
        "lines": range(LINES),
        "order_id": values.get("order_id") or str(new_id()),
        "countries": countries_to_choose(rules, first=home),
        "home": home,
        "ways": await _ways(context, values.get("country") or home),
        "quote": checked,
        "currency": currency,
    }
    return page(request, "shop/console/new_order.html", shown, status=wrong.status)


async def _of_customer(context: Context, text: str) -> dict[str, str]:
    """Return name and address of mail of a customer whose page led here."""
    try:
        id_ = UUID(text)
    except ValueError:
        return {}
    async with context.database.connection() as connection:
        card = (await customer_cards(connection, [id_])).get(id_)
    if card is None:
        return {}
    return {"customer_id": str(id_), "name": card.name or "", "email": card.email or ""}


async def _ways(context: Context, country: str) -> Sequence[PaymentWay]:
    """Return the ways that need no page of a provider: the customer is not there to fill it in."""
    ways = await offered(context, context.settings.currency, country)
    return [way for way in ways if way.provider in {CASH, *TOLD}]


@posted(_page)
async def _order(request: Request, actor: Actor, fields: Fields) -> str | Response:
    """Check what the order costs; with `place` take it, at the total that was shown."""
    context = context_of(request)
    key = read_order_key(fields, "order_id")
    wanted = await _wanted(context, fields)
    choices = choices_of(fields, home=known_shop(context).country)
    if not fields.ticked("place"):
        fields.done()
        return await _page(request, checked=await _quoted(context, wanted, choices.to, ""), typed=fields)
    details = details_of(fields, choices.to.country)
    if details.provider not in {way.provider for way in await _ways(context, choices.to.country)}:
        fields.problems.setdefault("provider", _("Choose one of the options."))
    fields.done()
    known = fields.values.get("customer_id", "")
    customer_id = fields.uuid("customer_id") if known else derived_id("customer by phone", key)
    fields.done()
    visitor = Visitor(customer_id, returned=True)
    asked = order_request(
        context,
        visitor,
        Buyer(customer_id, returned=True),
        key,
        lines=wanted.units,
        details=details,
        choices=choices,
        currency=context.settings.currency,
        cart_id=None,
    )
    # Staff know who is on the phone: no limit for strangers, no waiting room, no short hold.
    asked.taken_by, asked.limits, asked.hold_minutes_unproven = actor.id, OrderLimits(0, 0, 0, 0, 0), None
    try:
        taken = await take_order(context, asked)
    except SameKeyOtherBody:
        raise NotNow from None
    if not is_kept(taken):
        raise not_kept(taken)
    return f"/orders/{taken.order_id}"


async def _wanted(context: Context, fields: Fields) -> _Wanted:
    """Return the articles of the lines that are filled in; problems stay in `fields`."""
    variants: dict[UUID, Variant] = {}
    units: dict[UUID, int] = {}
    for number in range(LINES):
        code = fields.text(f"sku-{number}", length_max=_CODE_MAX, required=False)
        if not code:
            continue
        quantity = whole_number(fields.values.get(f"quantity-{number}", "") or "1", digits_max=4) or 0
        if not 1 <= quantity <= _UNITS_MAX:
            fields.problems[f"quantity-{number}"] = _(
                "A whole number from %(least)s to %(most)s.", least=1, most=_UNITS_MAX
            )
            continue
        async with context.database.connection() as connection:
            variant = await variant_of_code(connection, code)
        if variant is None or not variant.published or variant.currency != context.settings.currency:
            fields.problems[f"sku-{number}"] = _("No article for sale has this SKU or barcode.")
            continue
        variants[variant.id] = variant
        units[variant.id] = units.get(variant.id, 0) + quantity
    if not units:
        fields.problems.setdefault("sku-0", _("This is needed."))
    return _Wanted(variants, units)


async def _quoted(context: Context, wanted: _Wanted, to: Destination, shipping: str) -> Quote:
    """Return what it costs there. Raises NotDelivered."""
    priced = [
        Priced(id_, v.price_minor, wanted.units[id_], v.tax_class, v.weight_g, v.category)
        for id_, v in wanted.variants.items()
    ]
    quoted = quote(priced, await rules_of(context), to, currency=context.settings.currency, shipping=shipping)
    if isinstance(quoted, NoShipping):
        raise NotDelivered
    return quoted


routes: list[BaseRoute] = [
    StaffRoute("/orders/new", _page, role="agent"),
    StaffRoute("/orders/new", _order, role="agent", methods=["POST"]),
]
