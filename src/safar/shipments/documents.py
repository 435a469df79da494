"""Picking list, packing slip, invoice: what is printed about an order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from safar.kernel import clock
from safar.kernel.i18n import _, date, datetime_text, money, number, pgettext, speaking
from safar.kernel.text import shortened
from safar.orders.address import address_of, billing_lines
from safar.orders.billing import billing_of
from safar.orders.model import Order, OrderLine, PaymentState
from safar.owner.marks import Mark
from safar.owner.model import Shop
from safar.payments.registry import KINDS
from safar.shipments.draft import Column, DocumentDraft
from safar.shipments.model import Pick
from safar.shipments.paper import BOX, Paper, printed
from safar.stock.bins import order_of_bin
from safar.stock.model import Place

__all__ = [
    "DocumentDraft",
    "invoice_draft",
    "is_paid_for",
    "packing_slip",
    "picking_list",
    "printed",
    "tax_lines",
]

_TITLE_CHARACTERS_MAX = 140


def picking_list(
    orders: Mapping[UUID, Order], picks: Sequence[Pick], lots: Mapping[Place, Sequence[str]]
) -> bytes:
    """Return what to take from which shelf for these orders, by location, shelf and article, as a PDF.

    In the language in force: it is the staff's. `lots`: which to take, a line each, under the article.
    """
    numbers = sorted(order.number for order in orders.values())
    side = f"{datetime_text(clock.now())}\n" + _("Orders: %(count)s", count=number(len(numbers)))
    paper = Paper(_("Picking list"), foot=_("Picking list"))
    paper.title(_("Picking list"), side)
    by_shelf: dict[str, dict[UUID, list[Pick]]] = {}
    for pick in picks:
        by_shelf.setdefault(pick.location, {}).setdefault(pick.variant_id, []).append(pick)
    columns = [
        Column("", 0.05),
        Column(_("Shelf"), 0.12),
        Column(_("Article"), 0.15),
        Column(_("Barcode"), 0.17),
        Column(_("Product"), 0.26),
        Column(_("For order"), 0.16),
        Column(_("Units"), 0.09, end=True),
    ]
    for location in sorted(by_shelf):
        paper.heading(_(location) if location else "")
        rows = []
        for same in sorted(by_shelf[location].values(), key=_on_the_way):
            for_orders = ", ".join(
                f"{orders[pick.order_id].number} × {number(pick.units)}"
                if len(same) > 1
                else str(orders[pick.order_id].number)
                for pick in same
            )
            first, units = same[0], sum(pick.units for pick in same)
            places = dict.fromkeys((pick.variant_id, pick.location_id) for pick in same)
            taken = [line for place in places for line in lots.get(place, ())]
            product = "\n".join([_short(first.title), *taken])
            rows.append((BOX, first.bin, first.sku, first.barcode or "–", product, for_orders, number(units)))
        paper.table(columns, rows)
    if not by_shelf:
        paper.text(_("Nothing is left to be picked for these orders."))
    paper.text(_("Orders: %(numbers)s", numbers=", ".join(map(str, numbers))), size=8.5, grey=True)
    return paper.as_pdf()


def _on_the_way(same: Sequence[Pick]) -> tuple[bool, list[tuple[int, str]], str]:
    """Return where a row stands: shelf A2 before A10, what has no shelf last, then by SKU."""
    return (not same[0].bin, order_of_bin(same[0].bin), same[0].sku)


def packing_slip(
    shop: Shop,
    order: Order,
    lines: Sequence[tuple[str, str, int]],
    *,
    parcel: str = "",
    mark: Mark | None = None,
) -> bytes:
    """Return what lies in the parcel, for the customer, in their language; lines are (SKU, title, units)."""
    with speaking(order.language):
        paper = Paper(_("Packing slip"), foot=shop.name)
        if mark is not None:
            paper.mark(mark)
        paper.title(_("Packing slip"), _order_side(order))
        paper.blocks(
            [(pgettext("person", "From"), _shop(shop)), (pgettext("person", "To"), _customer(order))]
        )
        if parcel:
            paper.text(parcel)
            paper.gap(3)
        columns = [
            Column("", 0.07),
            Column(_("SKU"), 0.2),
            Column(_("Product"), 0.59),
            Column(_("Quantity"), 0.14, end=True),
        ]
        paper.table(columns, [(BOX, sku, _short(title), number(units)) for sku, title, units in lines])
        paper.text(_("Is something wrong? Open your order’s page, or contact us."), grey=True)
        return paper.as_pdf()


@dataclass(frozen=True, slots=True)
class TaxLine:
    """What one tax class came to at one rate, the one that was used: in parts per 100,000."""

    tax_class: str
    rate: int
    net_minor: int
    tax_minor: int


def tax_lines(order: Order, lines: Sequence[OrderLine]) -> list[TaxLine]:
    """Return net amount and tax by class and rate, that of sending apart; they sum to the order's own."""
    sums: dict[tuple[str, int], tuple[int, int]] = {}
    for line in lines:
        paid = line.price_minor * line.quantity - line.discount_minor
        net = paid - line.tax_minor if order.tax_included else paid
        key = (line.tax_class, line.tax_rate)
        before = sums.get(key, (0, 0))
        sums[key] = (before[0] + net, before[1] + line.tax_minor)
    if order.shipping_minor:
        tax = order.shipping_tax_minor
        net = order.shipping_minor - tax if order.tax_included else order.shipping_minor
        sums["shipping", order.shipping_tax_rate] = (net, tax)
    return [TaxLine(name, rate, net, tax) for (name, rate), (net, tax) in sums.items()]


def invoice_draft(
    shop: Shop, order: Order, lines: Sequence[OrderLine], *, number: str, refunded_minor: int = 0
) -> DocumentDraft:
    """Return what an invoice (a receipt, once it is paid) says, in the customer's language.

    It is kept as it is issued: what it says later is what it says now.
    """
    with speaking(order.language):
        is_paid = is_paid_for(order)
        name = f"{_('Receipt') if is_paid else _('Invoice')} {number}"
        paper = DocumentDraft(name, shop.name, order.language)
        if shop.logo:
            paper.mark(shop.logo)
        issued = _("Issued on %(day)s", day=date(clock.now()))
        paper.title(name, f"{_order_side(order)}\n{issued}\n{_supply(order)}")
        paper.blocks([(pgettext("person", "From"), _shop(shop)), *_addressees(order)])
        _write_lines(paper, order, lines)
        paper.sums(_sums(order, lines))
        _write_taxes(paper, order, tax_lines(order, lines))
        paper.text(_paid_note(order, is_paid=is_paid))
        if order.total_minor and (kind := KINDS.get(order.provider)):
            paper.text(_("Payment method: %(way)s", way=_(kind.label)))
        if refunded_minor:
            amount = money(refunded_minor, order.currency)
            paper.text(_("Refunded: %(amount)s", amount=amount))
        return paper


def is_paid_for(order: Order) -> bool:
    return order.payment_state in (PaymentState.PAID, PaymentState.REFUNDED, PaymentState.OWED)


def _write_lines(paper: DocumentDraft, order: Order, lines: Sequence[OrderLine]) -> None:
    columns = [
        Column(_("SKU"), 0.17),
        Column(_("Product"), 0.35),
        Column(_("Quantity"), 0.12, end=True),
        Column(_("Price"), 0.17, end=True),
        Column(_("Amount"), 0.19, end=True),
    ]
    rows = [
        (
            line.sku,
            _short(line.customer_title),
            number(line.quantity),
            money(line.price_minor, order.currency),
            money(line.price_minor * line.quantity, order.currency),
        )
        for line in lines
    ]
    paper.table(columns, rows)


def _sums(order: Order, lines: Sequence[OrderLine]) -> list[tuple[str, str]]:
    def amount(minor: int) -> str:
        return money(minor, order.currency)

    goods = sum(line.price_minor * line.quantity for line in lines)
    rows = [(_("Subtotal"), amount(goods))]
    if order.discount_minor:
        label = f"{_('Discount')} ({order.discount_code})" if order.discount_code else _("Discount")
        rows.append((label, amount(-order.discount_minor)))
    if order.shipping_minor:
        rows.append((_("Delivery"), amount(order.shipping_minor)))
    if not order.tax_included and order.tax_minor:
        rows.append((_("Tax"), amount(order.tax_minor)))
    if order.credit_minor:
        rows.append((_("Credit for returned items"), amount(-order.credit_minor)))
    if order.waived_minor:
        rows.append((_("No longer due"), amount(-order.waived_minor)))
    return [*rows, (_("Total"), amount(order.total_minor))]


def _write_taxes(paper: DocumentDraft, order: Order, taxes: Sequence[TaxLine]) -> None:
    if not order.tax_minor:
        return
    names = {
        "standard": _("Standard rate"),
        "reduced": _("Reduced rate"),
        "zero": _("Zero rate"),
        "shipping": _("Delivery"),
    }
    paper.heading(_("Tax in the total") if order.tax_included else _("Tax"))
    columns = [
        Column("", 0.34),
        Column(_("Rate"), 0.16, end=True),
        Column(_("Net"), 0.25, end=True),
        Column(_("Tax"), 0.25, end=True),
    ]
    rows = [
        (
            names.get(line.tax_class, line.tax_class),
            f"{number(line.rate / 1000)} %",
            money(line.net_minor, order.currency),
            money(line.tax_minor, order.currency),
        )
        for line in taxes
    ]
    paper.table(columns, rows)


def _paid_note(order: Order, *, is_paid: bool) -> str:
    amount = money(order.total_minor, order.currency)
    if not order.total_minor:
        return _("Nothing to pay.")
    if is_paid:
        return _("Paid: %(amount)s. Thank you!", amount=amount)
    if order.payment_state == PaymentState.DUE:
        return _("To pay on delivery: %(amount)s", amount=amount)
    return _("Still to pay: %(amount)s", amount=amount)


def _order_side(order: Order) -> str:
    return "\n".join([_("Order %(number)s", number=order.number), date(order.placed_at)])


def _shop(shop: Shop) -> str:
    lines = [shop.name, *shop.address]
    if shop.tax_id:
        lines.append(_("Tax number: %(number)s", number=shop.tax_id))
    return "\n".join(lines)


def _customer(order: Order) -> str:
    return "\n".join(part for part in (order.name, address_of(order), order.phone) if part.strip())


def _addressees(order: Order) -> list[tuple[str, str]]:
    """Return who is billed and, where that is another address, where the goods go."""
    billing = billing_of(order.billing)
    if billing.has_address:
        return [(_("Bill to"), billing_lines(order)), (_("Delivery address"), _customer(order))]
    billed = "\n".join(filter(None, (billing_lines(order), order.phone)))
    return [(pgettext("person", "To"), billed)]


def _supply(order: Order) -> str:
    """Return the day of supply, as tax law asks for it: that of dispatch, or that it is still to come."""
    if order.shipped_at:
        return _("Date of supply: %(day)s", day=date(order.shipped_at))
    return _("Date of supply: on dispatch")


def _short(title: str) -> str:
    return shortened(title, _TITLE_CHARACTERS_MAX)
