"""An order that is taken, as it is written: its rows, its events, what its mail tells."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from safar.journal.model import Event
from safar.orders.errors import OutOfStock
from safar.orders.insert import NewOrder, NewOrderLine
from safar.orders.mail import MailedOrder
from safar.orders.model import OrderRequest, PaymentState
from safar.orders.plan import OrderPlan, PlannedLine
from safar.orders.unpaid import owners_of


@dataclass(slots=True)  # not frozen: made for every order
class Accepted:
    """A plan whose units are held, the customer it belongs to and the number it got."""

    plan: OrderPlan
    customer_id: UUID
    number: int
    promised_on: date | None = None

    @property
    def goods(self) -> tuple[tuple[UUID, UUID, int], ...]:
        return tuple((variant_id, at, units) for (variant_id, at), units in self.plan.goods.items())


def held_until(plan: OrderPlan, now: datetime) -> datetime:
    shortly = plan.request.hold_minutes_unproven
    return now + timedelta(minutes=plan.request.hold_minutes if shortly is None else shortly)


def longer_until(plan: OrderPlan, now: datetime) -> datetime | None:
    """Return until when the units are kept once a mail to the customer came back, None where that is now."""
    if plan.request.hold_minutes_unproven is None:
        return None
    return now + timedelta(minutes=plan.request.hold_minutes)


def new_order(accepted: Accepted, now: datetime) -> NewOrder:
    plan = accepted.plan
    request, quoted = plan.request, plan.quote
    owners = owners_of(request)
    return NewOrder(
        id=request.order_id,
        number=accepted.number,
        fingerprint=request.fingerprint.hex(),
        customer_id=accepted.customer_id,
        visitor_id=request.customer_id,
        cart_id=request.cart_id,
        campaign_id=plan.campaign_id,
        email=request.email,
        name=request.name,
        address=request.address,
        language=request.language,
        total_minor=plan.total_minor,
        currency=plan.currency,
        provider=request.provider,
        method=request.method,
        held_until=held_until(plan, now),
        longer_until=longer_until(plan, now),
        country=request.country,
        postcode=request.postcode,
        city=request.city,
        phone=request.phone,
        subtotal_minor=quoted.subtotal_minor,
        discount_minor=quoted.discount_minor,
        shipping_minor=quoted.shipping_minor,
        tax_minor=quoted.tax_minor,
        tax_included=quoted.tax_included,
        shipping_key=quoted.shipping_key,
        discount_code=plan.discount.code if plan.discount else "",
        promised_on=accepted.promised_on,
        region=request.region,
        note=request.note,
        billing=request.billing,
        shipping_tax_minor=quoted.shipping_tax_minor,
        shipping_tax_rate=quoted.shipping_tax_rate,
        by_visitor=owners.visitor,
        by_address=owners.address,
        by_network=owners.network,
        credit_minor=0,
        taken_by=request.taken_by,
    )


def new_line(plan: OrderPlan, line: PlannedLine) -> NewOrderLine:
    return NewOrderLine(
        plan.request.order_id,
        line.variant_id,
        line.quantity,
        line.price_minor,
        line.discount_minor,
        line.tax_minor,
        line.title,
        line.tax_class,
        line.tax_rate,
        line.parts,
        line.title_shown,
    )


def about_of(accepted: Accepted) -> MailedOrder:
    request, plan = accepted.plan.request, accepted.plan
    return MailedOrder(
        order_id=request.order_id,
        number=accepted.number,
        customer_id=accepted.customer_id,
        campaign_id=plan.campaign_id,
        name=request.name,
        email=request.email,
        address=request.address,
        language=request.language,
        total_minor=plan.total_minor,
        currency=plan.currency,
        payment_state=PaymentState.DUE,
        reason=None,
        link=request.link,
        lines=[(line.quantity, line.title_shown or line.title, line.price_minor, "") for line in plan.lines],
        discount_minor=plan.quote.discount_minor,
        shipping_minor=plan.quote.shipping_minor,
        tax_minor=plan.quote.tax_minor,
        tax_included=plan.quote.tax_included,
        promised_on=accepted.promised_on,
    )


def order_event(name: str, accepted: Accepted) -> Event:
    request, plan = accepted.plan.request, accepted.plan
    came_by = {"link_id": request.link_id} if request.link_id and plan.campaign_id else {}
    return Event(
        name=name,
        customer_id=accepted.customer_id,
        campaign_id=plan.campaign_id,
        staff_id=request.taken_by,
        subject_id=request.order_id,
        properties={
            "total_minor": plan.total_minor,
            "currency": plan.currency,
            "provider": request.provider,
            "lines": [list(goods) for goods in accepted.goods],
            **came_by,
        },
    )


def refused_event(request: OrderRequest, refusal: OutOfStock) -> Event:
    """Return the event of a customer who came for units that were gone; it names those it was refused for."""
    units = request.units
    return Event(
        name="order.refused",
        customer_id=request.customer_id,
        campaign_id=request.campaign_id,
        subject_id=request.order_id,
        properties={
            "reason": "out_of_stock",
            "lines": [[variant_id, None, units[variant_id]] for variant_id in refusal.left],
        },
    )
