"""Amounts as Stripe writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.kernel.money import Money
from safar.payments.providers.stripe.money import from_stripe, step_of, to_stripe


@pytest.mark.parametrize(
    ("minor", "currency", "stripes"),
    [
        (1230, "EUR", 1230), (99, "JPY", 99), (500, "ISK", 50000), (700, "UGX", 70000), (1230, "BHD", 1230),
        (45000, "INR", 45000), (110, "KRW", 110),
    ],
)  # fmt: skip
def test_amounts_are_written_as_stripe_writes_them(minor: int, currency: str, stripes: int) -> None:
    assert to_stripe(Money(minor, currency)) == stripes
    assert from_stripe(stripes, currency) == minor


def test_a_fraction_that_stripe_does_not_take_is_refused() -> None:
    with pytest.raises(ValueError, match="fraction"):
        to_stripe(Money(1235, "BHD"))


@pytest.mark.finding("goods-J")
@given(st.integers(0, 10**9), st.sampled_from(["KWD", "BHD", "LYD", "EUR", "JPY", "ISK", "MGA", "IRR"]))
def test_the_step_tells_which_amounts_stripe_takes(minor: int, currency: str) -> None:
    if minor % step_of(currency) == 0:
        assert from_stripe(to_stripe(Money(minor, currency)), currency) == minor
    else:
        with pytest.raises(ValueError, match="fraction"):
            to_stripe(Money(minor, currency))
