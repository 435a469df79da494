"""A plan takes exactly what was asked for, from shelves that have it, at the price that was quoted."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from safar.catalogue.kits import demand_of
from safar.catalogue.model import Price, Variant
from safar.kernel.ids import derived_id, new_id
from safar.orders.model import (
    Buyer,
    DiscountRefused,
    NotDelivered,
    NotSold,
    OrderRequest,
    OutOfStock,
    PriceChanged,
)
from safar.orders.plan import OrderPlan, World, out_of_stock, plan_order, shown_left
from safar.pricing.model import Band, Rules, ShippingMethod, Tax, Zone
from safar.stock.choose import LocationRule
from safar.stock.model import MAIN, Level, Place, Selling, allocation_of
from tests.stage.buyers import NO_LIMITS

_NOW = datetime(2026, 11, 22, tzinfo=UTC)
_IDS = [derived_id("v", number) for number in range(4)]
_KIT = derived_id("v", "kit")
_UNKNOWN = derived_id("v", "unknown")
_STORE = derived_id("location", "store")
_CAMPAIGN = derived_id("campaign")
_PLACES = (MAIN, _STORE, allocation_of(_CAMPAIGN))
_KITS = {_KIT: ((_IDS[0], 2), (_IDS[1], 1))}
_SELLING = [Selling(MAIN, "warehouse", "GB"), Selling(_STORE, "store", "BR", priority=2)]
_VARIANTS = {
    id_: Variant(id_, new_id(), f"S{n}", f"Thing {n}", 100 * n + 5, "GBP", f"thing-{n}", "home", weight_g=100)
    for n, id_ in enumerate([*_IDS, _KIT])
}
_LINES = st.lists(st.tuples(st.sampled_from([*_IDS, _KIT]), st.integers(1, 9)), min_size=1, max_size=8).map(
    tuple
)
_LEVELS = st.dictionaries(
    st.tuples(st.sampled_from(_IDS), st.sampled_from(_PLACES)),
    st.tuples(st.integers(0, 30), st.integers(0, 9), st.integers(0, 4), st.integers(0, 9)),
).map(
    lambda found: {
        place: Level(number, on_hand, held, reserve, backorder)
        for number, (place, (on_hand, held, reserve, backorder)) in enumerate(found.items())
    }
)


def _request(*lines: tuple[UUID, int], **other: object) -> OrderRequest:
    plain = OrderRequest(
        new_id(),
        Buyer(new_id(), returned=True),
        derived_id("customer"),
        None,
        None,
        lines,
        "a@b.example",
        "Ada",
        "Lane",
        "en",
        "cod",
        limits=NO_LIMITS,
    )
    return replace(plain, **other)  # type: ignore[arg-type]


def _world(levels: dict[Place, Level], **other: object) -> World:
    world = World(_VARIANTS, dict(levels), _SELLING, _NOW, LocationRule.NEAREST, kits=_KITS)
    return replace(world, **other)  # type: ignore[arg-type]


def _plenty() -> dict[Place, Level]:
    return {(id_, MAIN): Level(number, 100, 0) for number, id_ in enumerate(_IDS)}


@given(st.lists(_LINES, min_size=1, max_size=6), _LEVELS, st.sampled_from([None, _CAMPAIGN]))
def test_a_batch_of_plans_never_promises_more_than_the_shelves_allow(
    orders: list[tuple[tuple[UUID, int], ...]], levels: dict[Place, Level], campaign_id: UUID | None
) -> None:
    world = _world(levels)
    taken: dict[Place, int] = {}
    for lines in orders:
        request = _request(*lines, campaign_id=campaign_id)
        plan = plan_order(request, world)
        if isinstance(plan, OutOfStock):
            assert plan.left
            assert all(units >= 0 for units in plan.left.values())
            assert len(request.units) > 1 or all(u < request.units[v] for v, u in plan.left.items())
            continue
        assert isinstance(plan, OrderPlan)
        by_variant: dict[UUID, int] = {}
        for (variant_id, location_id), units in plan.goods.items():
            assert units > 0
            assert campaign_id or location_id != allocation_of(_CAMPAIGN)
            by_variant[variant_id] = by_variant.get(variant_id, 0) + units
            taken[variant_id, location_id] = taken.get((variant_id, location_id), 0) + units
        assert by_variant == demand_of(request.units, _KITS), "the demand of all lines, kits by their parts"
        assert plan.total_minor == sum(_VARIANTS[v].price_minor * quantity for v, quantity in lines)
        assert sum(plan.accounts.values()) == sum(by_variant.values())
    for place, units in taken.items():
        assert units <= levels[place].promisable


@given(_LINES, _LEVELS)
def test_what_is_told_as_left_can_be_bought(
    lines: tuple[tuple[UUID, int], ...], levels: dict[Place, Level]
) -> None:
    request = _request(*lines)
    answer = plan_order(request, _world(levels))
    if isinstance(answer, OutOfStock):
        for variant_id, left in answer.left.items():
            assert isinstance(
                plan_order(_request((variant_id, left + 1)), _world(levels)), OutOfStock | OrderPlan
            )
            if left:
                assert isinstance(plan_order(_request((variant_id, left)), _world(levels)), OrderPlan)


def test_a_kit_and_its_part_in_one_basket_share_the_units_of_the_part() -> None:
    levels = {(_IDS[0], MAIN): Level(1, 5, 0), (_IDS[1], MAIN): Level(2, 5, 0)}
    assert isinstance(plan_order(_request((_KIT, 2), (_IDS[0], 1)), _world(levels)), OrderPlan)
    refused = plan_order(_request((_KIT, 2), (_IDS[0], 2)), _world(levels))
    assert isinstance(refused, OutOfStock)
    assert refused.left == {_KIT: 2, _IDS[0]: 5}


def test_the_ledgers_refusal_is_told_by_what_was_bought() -> None:
    world = _world(_plenty())
    plan = plan_order(_request((_KIT, 3)), world)
    assert isinstance(plan, OrderPlan)
    assert out_of_stock(plan, {0: 5}, world).left == {_KIT: 2}
    assert shown_left({_IDS[0]: 1}, {_KIT: 1}, _KITS) == {_KIT: 0}


def test_what_is_not_sold_is_refused_before_anything_is_taken() -> None:
    world = _world(_plenty())
    assert plan_order(_request((_IDS[1], 1), (_UNKNOWN, 1)), world) != OutOfStock
    refused = plan_order(_request((_IDS[1], 1), (_UNKNOWN, 1)), world)
    assert isinstance(refused, NotSold)
    assert refused.variant_ids == (_UNKNOWN,)
    hidden = {**_VARIANTS, _IDS[1]: replace(_VARIANTS[_IDS[1]], published=False)}
    assert isinstance(plan_order(_request((_IDS[1], 1)), _world(_plenty(), variants=hidden)), NotSold)
    assert world.levels == _plenty()


def test_units_still_to_come_are_promised_when_nothing_is_free() -> None:
    levels = {(_IDS[0], MAIN): Level(1, 2, 1, 0, 5)}
    plan = plan_order(_request((_IDS[0], 4)), _world(levels))
    assert isinstance(plan, OrderPlan)
    assert plan.awaited == {_IDS[0]}
    assert plan.goods == {(_IDS[0], MAIN): 4}
    assert isinstance(plan_order(_request((_IDS[0], 7)), _world(levels)), OutOfStock)


def test_a_basket_that_costs_something_else_than_was_shown_is_refused_with_what_it_costs() -> None:
    assert isinstance(
        plan_order(_request((_IDS[1], 2), expected_total_minor=210), _world(_plenty())), OrderPlan
    )
    refused = plan_order(_request((_IDS[1], 2), expected_total_minor=200), _world(_plenty()))
    assert refused == PriceChanged(refused.order_id, 210, "GBP")  # type: ignore[union-attr]


def test_an_unknown_code_is_refused_by_name() -> None:
    refused = plan_order(_request((_IDS[1], 1), discount_code="NOPE"), _world(_plenty()))
    assert isinstance(refused, DiscountRefused)
    assert (refused.code, refused.reason) == ("NOPE", "unknown")


def test_where_nobody_delivers_nothing_is_sold() -> None:
    method = ShippingMethod("post", {"": "Post"}, (Band(None, 300),), "GBP")
    rules = Rules(
        taxes={"": Tax(False, {"standard": 20_000})}, zones=(Zone("GB", frozenset({"GB"}), (), (method,)),)
    )
    refused = plan_order(_request((_IDS[1], 1), country="BR"), _world(_plenty(), rules=rules))
    assert isinstance(refused, NotDelivered)
    plan = plan_order(_request((_IDS[1], 2), country="GB"), _world(_plenty(), rules=rules))
    assert isinstance(plan, OrderPlan)
    assert (plan.quote.subtotal_minor, plan.quote.shipping_minor, plan.quote.tax_minor) == (210, 300, 102)
    assert plan.total_minor == 612


def test_a_price_in_another_currency_is_the_one_that_is_charged() -> None:
    prices = {"EUR": {_IDS[1]: Price(130, None)}}
    world = _world(_plenty(), prices=prices)
    plan = plan_order(_request((_IDS[1], 2), currency="EUR"), world)
    assert isinstance(plan, OrderPlan)
    assert (plan.total_minor, plan.currency) == (260, "EUR")
    assert isinstance(
        plan_order(_request((_IDS[2], 2), currency="EUR"), _world(_plenty(), prices=prices)), NotSold
    )
