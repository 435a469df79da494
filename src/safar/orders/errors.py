"""What an order that is asked for is refused with, and what one refuses as it stands.

The verbs that take orders return a `Refusal` (`kernel.refusals`), having written nothing for that request;
its caller gets it raised.
"""

from collections.abc import Mapping
from uuid import UUID

from safar.catalogue.errors import UnknownProduct
from safar.gate.tickets.errors import Waiting
from safar.kernel.errors import Conflict, CookiesNeeded, Forbidden, SafarError, SameKeyOtherBody
from safar.kernel.i18n import money, number
from safar.orders.model import Taken
from safar.pricing.model import DiscountReason
from safar.pricing.words import refusal_text


class OutOfStock(Conflict):
    """We don’t have enough left: %(left)s still available."""

    code = "out_of_stock"

    def __init__(self, left: Mapping[UUID, int], titles: Mapping[UUID, str] | None = None) -> None:
        """Take how many can still be bought of each variant that is short, and what it is called."""
        self.left, self.titles = left, titles or {}
        super().__init__()

    @property
    def details(self) -> Mapping[str, object]:
        parts = [
            f"{self.titles[variant_id]}: {number(left)}" if variant_id in self.titles else number(left)
            for variant_id, left in self.left.items()
        ]
        return {"left": ", ".join(parts)}


class PriceChanged(Conflict):
    """The total is now %(total)s. Please check it; nothing has been ordered yet."""

    code = "total_changed"

    def __init__(self, total_minor: int, currency: str) -> None:
        self.total_minor, self.currency = total_minor, currency
        super().__init__()

    @property
    def details(self) -> Mapping[str, object]:
        return {"total": money(self.total_minor, self.currency)}


class DiscountRefused(Conflict):
    """The code couldn’t be applied. %(why)s"""

    code = "code_refused"

    def __init__(self, reason: DiscountReason, discount_code: str, minimum_minor: int, currency: str) -> None:
        """Take why, and what an order with the code has to come to, in minor units of its `currency`."""
        self.reason, self.discount_code = reason, discount_code
        self.minimum_minor, self.currency = minimum_minor, currency
        super().__init__()

    @property
    def details(self) -> Mapping[str, object]:
        return {"why": self.why}

    @property
    def why(self) -> str:
        return refusal_text(self.reason, self.discount_code, self.minimum_minor, self.currency)


class CartHasChanged(Conflict):
    """Your cart has changed. Please check it; nothing has been ordered yet."""

    code = "cart_changed"


class NotDelivered(Conflict):
    """That delivery method isn’t available for this address. Choose another one."""

    code = "no_delivery"


class TooManyUnits(Conflict):
    """You can order at most %(units)s of one item."""

    code = "too_many_of_one"

    def __init__(self, units: int) -> None:
        self.units = units
        super().__init__()

    @property
    def details(self) -> Mapping[str, object]:
        return {"units": number(self.units)}


class TooManyOfProduct(Conflict):
    """%(title)s: at most %(units)s per order. Please reduce the quantity."""

    code = "too_many_of_product"

    def __init__(self, units: int, title: str) -> None:
        self.units, self.title = units, title
        super().__init__()

    @property
    def details(self) -> Mapping[str, object]:
        return {"title": self.title, "units": number(self.units)}


class TooMuchUnpaid(Conflict):
    """You have orders that aren’t paid yet. Please pay for them first, or order less."""

    code = "too_much_unpaid"


class ProveFirst(SafarError):
    """There are many unpaid orders from your network, so your browser has to do a short check first."""

    status = 429
    code = "proof_needed"

    def __init__(self, bits: int) -> None:
        """Take how many bits of a proof of work are asked for; see gate.tickets.work."""
        self.bits = bits
        super().__init__()


class TotalNotTaken(SafarError):
    """This total cannot be paid in this way. Choose another one."""

    status = 422
    code = "total_not_taken"


REFUSALS = (
    OutOfStock,
    UnknownProduct,
    PriceChanged,
    DiscountRefused,
    NotDelivered,
    CookiesNeeded,
    Waiting,
    TooManyUnits,
    TooManyOfProduct,
    TooMuchUnpaid,
    ProveFirst,
    TotalNotTaken,
    SameKeyOtherBody,
)
Refusal = (
    OutOfStock
    | UnknownProduct
    | PriceChanged
    | DiscountRefused
    | NotDelivered
    | CookiesNeeded
    | Waiting
    | TooManyUnits
    | TooManyOfProduct
    | TooMuchUnpaid
    | ProveFirst
    | TotalNotTaken
    | SameKeyOtherBody
)
Answer = Taken | Refusal


class LinkOver(SafarError):
    """This link no longer opens the order. Use the one in our newest e-mail, or ask us for a new one."""

    status = 410
    code = "link_over"


class NotShownHere(Forbidden):
    """Open the link in our e-mail about this order in this browser first, then try again."""

    code = "not_shown_here"


class NotNow(Conflict):
    """The order has changed in the meantime, so this is no longer possible. Reload the page."""

    code = "not_now"


class PartlySent(Conflict):
    """Part of this order has been shipped already. Cancel the remaining items instead."""

    code = "partly_sent"


class OnItsWay(Conflict):
    """A part of your order is on its way already, so it cannot be cancelled. You can send back what comes."""

    code = "on_its_way"


class LeftAlready(Conflict):
    """This order has left already, so its address can no longer be changed."""

    code = "left_already"


class OrderChangedSince(Conflict):
    """A colleague changed this after you opened the page. Check what it says now, then change it again."""

    code = "order_changed_since"


class TooManyTags(Conflict):
    """An order takes at most %(count)s tags. Remove one first."""

    code = "too_many_tags"
