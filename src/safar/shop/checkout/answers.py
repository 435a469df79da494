"""What a customer or a program is told of an order that was asked for."""

from collections.abc import Mapping
from typing import Any

from safar.cart.reading import PricedCart
from safar.catalogue.errors import UnknownProduct
from safar.gate.tickets.errors import Waiting
from safar.kernel.errors import CookiesNeeded, SafarError, SameKeyOtherBody
from safar.kernel.i18n import money, number
from safar.orders.model import (
    Answer,
    DiscountRefused,
    KeyReused,
    NoCookie,
    NotDelivered,
    NotSold,
    OrderState,
    OutOfStock,
    PriceChanged,
    ProveFirst,
    RoomBefore,
    Taken,
    TooManyUnits,
    TooMuchUnpaid,
    TotalNotTaken,
)
from safar.payments.errors import TotalNotTakenError
from safar.pricing.model import DiscountReason, Rules
from safar.shop.checkout.bill import refusal_text
from safar.shop.checkout.errors import (
    CodeRefused,
    NoDelivery,
    OrderCancelled,
    OutOfStockError,
    PaymentDeclined,
    ProofNeeded,
    TooManyOfOne,
    TooManyOfProduct,
    TooMuchOnOrder,
    TotalChanged,
)


def is_kept(answer: Taken) -> bool:
    return answer.state != OrderState.CANCELLED


def may_ask_again(answer: Answer) -> bool:
    """Tell whether nothing was written, so that the same id may ask anew."""
    return not isinstance(answer, Taken | KeyReused)


_PLAIN: Mapping[type[Answer], type[SafarError]] = {
    NotSold: UnknownProduct, NotDelivered: NoDelivery, NoCookie: CookiesNeeded, RoomBefore: Waiting,
    TooMuchUnpaid: TooMuchOnOrder, ProveFirst: ProofNeeded, TotalNotTaken: TotalNotTakenError,
    KeyReused: SameKeyOtherBody,
}  # fmt: skip


def order_refusal(answer: Answer, basket: PricedCart, rules: Rules) -> SafarError:
    """Return what to tell a customer whose order was not taken, or not kept."""
    match answer:
        case OutOfStock():
            titles = {line.variant_id: line.title for line in basket.lines}
            parts = [
                f"{titles[variant_id]}: {number(left)}" if variant_id in titles else number(left)
                for variant_id, left in answer.left.items()
            ]
            return OutOfStockError(left=", ".join(parts))
        case PriceChanged():
            return TotalChanged(total=money(answer.total_minor, answer.currency))
        case DiscountRefused():
            return CodeRefused(why=refusal_text(DiscountReason(answer.reason), answer.code, basket, rules))
        case TooManyUnits():
            if answer.product_id is None:
                return TooManyOfOne(units=number(answer.units))
            named = [line.title for line in basket.lines if line.product_id == answer.product_id]
            return TooManyOfProduct(title=named[0] if named else answer.title, units=number(answer.units))
        case Taken():
            declined = answer.reason == "payment_declined"
            return PaymentDeclined() if declined else OrderCancelled()
        case _:
            return _PLAIN[type(answer)]()


def taken_json(answer: Taken, url: str) -> dict[str, Any]:
    return {
        "order": answer.order_id,
        "number": answer.number,
        "state": answer.state,
        "payment_state": answer.payment_state,
        "total_minor": answer.total_minor,
        "currency": answer.currency,
        "url": url,
    }
