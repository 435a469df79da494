"""What is said of discount codes that are not taken."""

from collections.abc import Mapping

from safar.kernel.i18n import N_, _, money
from safar.pricing.model import Discount, DiscountReason, Rules
from safar.pricing.money import converted

CODE_REFUSALS: Mapping[str, str] = {
    DiscountReason.UNKNOWN: N_("“%(code)s” isn’t a valid code."),
    DiscountReason.NOT_YET: N_("The code %(code)s can’t be used yet."),
    DiscountReason.OVER: N_("The code %(code)s has expired."),
    DiscountReason.TOO_LITTLE: N_("The code %(code)s is for orders of %(amount)s or more."),
    DiscountReason.NOT_FOR_THESE: N_("The code %(code)s is for other products."),
    DiscountReason.USED_UP: N_("The code %(code)s has been used up."),
    DiscountReason.USED_BEFORE: N_("You’ve already used the code %(code)s; it can be used once."),
}


def refusal_text(reason: DiscountReason, code: str, minimum_minor: int, currency: str) -> str:
    """Return why a code is not taken, in words; `minimum_minor`: see `minimum_of`."""
    return _(CODE_REFUSALS[reason], code=code, amount=money(minimum_minor, currency))


def minimum_of(discount: Discount | None, currency: str, rules: Rules) -> int:
    """Return what an order with the code has to come to at least, in minor units of `currency`."""
    if discount is None:
        return 0
    return converted(discount.minimum_minor, discount.currency, currency, rules.rates)
