"""What the bot says, in the language in force; the figures are those of this moment."""

from datetime import datetime

from safar.answers.facts import ProductStock
from safar.kernel.i18n import N_, _, date, hours_text, ngettext, weekday_and_time
from safar.orders.model import Order, OrderState
from safar.orders.show import counts_as_delivered

_MANY = 50

_ORDERS = {
    OrderState.PLACED: N_("We’ve received your order %(number)s and are waiting for your payment."),
    OrderState.CONFIRMED: N_("Your order %(number)s is confirmed and we are packing it."),
    OrderState.PACKED: N_("Your order %(number)s is packed and ready to ship."),
    OrderState.SHIPPED: N_("Your order %(number)s shipped on %(date)s and is on its way."),
    OrderState.DELIVERED: N_("Your order %(number)s was delivered on %(date)s."),
    OrderState.CLOSED: N_("Your order %(number)s was delivered on %(date)s."),
    OrderState.CANCELLED: N_("Your order %(number)s was cancelled on %(date)s."),
}


def product_stock_text(shelf: ProductStock) -> str:
    """Say whether a product is there, and how many are left when that is news."""
    if shelf.free <= 0:
        return _("Sorry, “%(title)s” is sold out right now.", title=shelf.title)
    if shelf.free > _MANY:
        return _("Yes, “%(title)s” is in stock.", title=shelf.title)
    return ngettext(
        "Yes, “%(title)s” is in stock: %(num)s is left.",
        "Yes, “%(title)s” is in stock: %(num)s are left.",
        shelf.free,
        title=shelf.title,
    )


def kind_text(kind: str, titles: int, link: str) -> str:
    """Say how many products of a kind there are, and where."""
    return ngettext(
        "Yes, we have %(num)s product for “%(kind)s”: %(link)s",
        "Yes, we have %(num)s products for “%(kind)s”: %(link)s",
        titles,
        kind=kind,
        link=link,
    )


def order_text(order: Order, *, sent_back: bool = False) -> str:
    """Say how an order stands; `sent_back`: all of it has come back."""
    if sent_back:
        return _("Your order %(number)s has been returned to us.", number=number_text(order.number))
    if counts_as_delivered(order) and order.shipped_at is not None:
        return _(
            "Your order %(number)s shipped on %(date)s and should have arrived."
            " If it hasn’t, let us know here.",
            number=number_text(order.number),
            date=date(order.shipped_at),
        )
    moments = {
        OrderState.SHIPPED: order.shipped_at,
        OrderState.DELIVERED: order.delivered_at,
        OrderState.CLOSED: order.delivered_at,
        OrderState.CANCELLED: order.cancelled_at,
    }
    state = OrderState(order.state)
    at = moments.get(state) or order.placed_at
    return _(_ORDERS[state], number=number_text(order.number), date=date(at))


def number_text(order_number: int) -> str:
    """Write an order's number as it stands on its page: a name, not a quantity."""
    return str(order_number)


def open_text(opening_hours: str, zone: str) -> str:
    """Say when people are here."""
    hours = hours_text(opening_hours)
    return _("We are here %(hours)s (%(zone)s time).", hours=hours, zone=zone)


def greeting_text() -> str:
    return _("Hello! Ask me if something is in stock, where your order is or when we’re open.")


def thanks_text() -> str:
    return _("You’re welcome!")


def handed_over_text(back_at: datetime | None, *, ask_email: bool) -> str:
    """Say that a person will answer, and when people are back where nobody is here now.

    `ask_email`: the answer could not reach whoever leaves the page, so ask for an address.
    """
    text = (
        _("Thank you. A colleague will reply to you here.")
        if back_at is None
        else _(
            "Thank you. We’re away until %(moment)s; a colleague will reply to you here then.",
            moment=weekday_and_time(back_at),
        )
    )
    if ask_email:
        text += " " + _("Leaving? Send us your e-mail address here and we’ll send the answer there as well.")
    return text


def address_noted_text(email: str) -> str:
    """Say that the answer goes to the address that was just written, too."""
    return _("Thank you. We’ll send the answer to %(email)s as well.", email=email)
