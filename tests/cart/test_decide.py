"""What a cart can hold and how it changes, case by case."""

from dataclasses import replace
from typing import Any

import pytest

from safar.cart.available import Available
from safar.cart.decide import CartChange, CartRefused, OpenCart, apply, refusal_of_change
from safar.catalogue.actions import variant_id_of
from safar.catalogue.model import Variant
from safar.customers.visitor import Visitor
from safar.kernel.ids import derived_id

MUG = variant_id_of("MUG")
VARIANT = Variant(MUG, derived_id("product"), "MUG", "Mug", 500, "GBP", "mug", "home")
OFFER = Available(MUG, free=5, backorder=2)
ADD = CartChange(derived_id("key"), derived_id("cart"), Visitor(derived_id("ada")), "MUG", 1, "add", "GBP")
SET = replace(ADD, how="set")


def cart(**units: int) -> OpenCart:
    return OpenCart(ADD.cart_id, {variant_id_of(sku): count for sku, count in units.items()})


def refusal(
    change: CartChange, before: OpenCart | None, offer: Available | None = OFFER, **changes: Any
) -> CartRefused | None:
    found = {} if offer is None else {MUG: offer}
    return refusal_of_change(change, {MUG: replace(VARIANT, **changes)}, found, before)


def test_only_a_line_that_is_there_is_set() -> None:
    assert refusal(SET, cart(MUG=2)) is None
    assert refusal(SET, cart(CUP=2)) == refusal(SET, None) == CartRefused("not_in_cart")
    assert refusal_of_change(SET, {}, {}, None) == CartRefused("unknown_product")
    assert refusal_of_change(SET, {}, {}, cart(MUG=1)) is None, "what is sold no more can be taken out"


def test_what_is_not_sold_is_not_put_in() -> None:
    assert refusal_of_change(ADD, {}, {}, None) == CartRefused("unknown_product")
    assert refusal(ADD, None, published=False) == CartRefused("unknown_product")


@pytest.mark.parametrize(
    ("quantity", "left", "refused"),
    [(7, OFFER, None), (8, OFFER, CartRefused("out_of_stock", 7)), (1, None, CartRefused("out_of_stock", 0))],
)
def test_no_more_is_put_in_than_can_be_bought(
    quantity: int, left: Available | None, refused: CartRefused | None
) -> None:
    assert refusal(replace(ADD, quantity=quantity), None, left) == refused


def test_a_line_has_its_most_and_a_cart_its_lines() -> None:
    plenty = Available(MUG, free=5_000)
    assert refusal(ADD, cart(MUG=998), plenty) is None
    assert refusal(ADD, cart(MUG=999), plenty) == CartRefused("too_many")
    assert refusal(replace(ADD, quantity=999), None, plenty) is None
    assert refusal(ADD, cart(MUG=2), order_max=3) is None
    assert refusal(ADD, cart(MUG=3), order_max=3) == CartRefused("too_many_of_product", 3, "Mug")
    others = {f"S{number}": 1 for number in range(99)}
    assert refusal(ADD, cart(**others)) is None
    assert refusal(ADD, cart(**others, CUP=1)) == CartRefused("too_many")
    assert refusal(ADD, cart(**others, MUG=1)) is None


@pytest.mark.parametrize(
    ("how", "quantity", "before", "after"),
    [("add", 2, {"MUG": 3}, {"MUG": 5}), ("add", 2, {}, {"MUG": 2}), ("set", 2, {"MUG": 3}, {"MUG": 2}),
     ("set", 0, {"MUG": 3, "CUP": 1}, {"CUP": 1})],
)  # fmt: skip
def test_units_are_added_to_a_line_or_replace_it(
    how: Any, quantity: int, before: dict[str, int], after: dict[str, int]
) -> None:
    changed = cart(**before)
    apply(replace(ADD, how=how, quantity=quantity), changed)
    assert changed == cart(**after)
    assert CartRefused("too_many").left == 0
