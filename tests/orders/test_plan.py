"""A plan takes exactly what was asked for, from shelves that have it, at the price that was quoted."""

from dataclasses import replace
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from safar.catalogue.errors import UnknownProduct
from safar.catalogue.kits import demand_of
from safar.catalogue.model import Price
from safar.kernel.ids import derived_id
from safar.orders.errors import DiscountRefused, NotDelivered, OutOfStock, PriceChanged
from safar.orders.plan import OrderPlan, out_of_stock, plan_order, shown_left
from safar.pricing.model import Band, Rules, ShippingMethod, Tax, Zone
from safar.stock.model import MAIN, Level, Place, allocation_of
from tests.stage.orders import IDS
from tests.stage.plans import KIT, KITS, STORE, VARIANTS, plenty, request_of, world_of

_UNKNOWN = derived_id("v", "unknown")
_CAMPAIGN = derived_id("campaign")
_PLACES = (MAIN, STORE, allocation_of(_CAMPAIGN))
_LINES = st.lists(st.tuples(st.sampled_from([*IDS, KIT]), st.integers(1, 9)), min_size=1, max_size=8).map(
    tuple
)
_LEVELS = st.dictionaries(
    st.tuples(st.sampled_from(IDS), st.sampled_from(_PLACES)),
    st.tuples(st.integers(0, 30), st.integers(0, 9), st.integers(0, 4), st.integers(0, 9)),
).map(
    lambda found: {
        place: Level(number, on_hand, held, reserve, backorder)
        for number, (place, (on_hand, held, reserve, backorder)) in enumerate(found.items())
    }
)


@given(st.lists(_LINES, min_size=1, max_size=6), _LEVELS, st.sampled_from([None, _CAMPAIGN]))
def test_a_batch_of_plans_never_promises_more_than_the_shelves_allow(
    orders: list[tuple[tuple[UUID, int], ...]], levels: dict[Place, Level], campaign_id: UUID | None
) -> None:
    world = world_of(levels)
    taken: dict[Place, int] = {}
    for lines in orders:
        request = request_of(*lines, campaign_id=campaign_id)
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
        assert by_variant == demand_of(request.units, KITS), "the demand of all lines, kits by their parts"
        assert plan.total_minor == sum(VARIANTS[v].price_minor * quantity for v, quantity in lines)
        assert sum(plan.accounts.values()) == sum(by_variant.values())
    for place, units in taken.items():
        assert units <= levels[place].promisable


@given(_LINES, _LEVELS)
def test_what_is_told_as_left_can_be_bought(
    lines: tuple[tuple[UUID, int], ...], levels: dict[Place, Level]
) -> None:
    request = request_of(*lines)
    answer = plan_order(request, world_of(levels))
    if isinstance(answer, OutOfStock):
        for variant_id, left in answer.left.items():
            assert isinstance(
                plan_order(request_of((variant_id, left + 1)), world_of(levels)), OutOfStock | OrderPlan
            )
            if left:
                assert isinstance(plan_order(request_of((variant_id, left)), world_of(levels)), OrderPlan)


def test_a_kit_and_its_part_in_one_basket_share_the_units_of_the_part() -> None:
    levels = {(IDS[0], MAIN): Level(1, 5, 0), (IDS[1], MAIN): Level(2, 5, 0)}
    assert isinstance(plan_order(request_of((KIT, 2), (IDS[0], 1)), world_of(levels)), OrderPlan)
    refused = plan_order(request_of((KIT, 2), (IDS[0], 2)), world_of(levels))
    assert isinstance(refused, OutOfStock)
    assert refused.left == {KIT: 2, IDS[0]: 5}


def test_the_ledgers_refusal_is_told_by_what_was_bought() -> None:
    world = world_of(plenty())
    plan = plan_order(request_of((KIT, 3)), world)
    assert isinstance(plan, OrderPlan)
    assert out_of_stock(plan, {0: 5}, world).left == {KIT: 2}
    assert shown_left({IDS[0]: 1}, {KIT: 1}, KITS) == {KIT: 0}


def test_what_is_not_sold_is_refused_before_anything_is_taken() -> None:
    world = world_of(plenty())
    refused = plan_order(request_of((IDS[1], 1), (_UNKNOWN, 1)), world)
    assert not isinstance(refused, OutOfStock)
    assert isinstance(refused, UnknownProduct)
    hidden = {**VARIANTS, IDS[1]: replace(VARIANTS[IDS[1]], published=False)}
    assert isinstance(
        plan_order(request_of((IDS[1], 1)), world_of(plenty(), variants=hidden)), UnknownProduct
    )
    assert world.levels == plenty()


def test_units_still_to_come_are_promised_when_nothing_is_free() -> None:
    levels = {(IDS[0], MAIN): Level(1, 2, 1, 0, 5)}
    plan = plan_order(request_of((IDS[0], 4)), world_of(levels))
    assert isinstance(plan, OrderPlan)
    assert plan.awaited == {IDS[0]}
    assert plan.goods == {(IDS[0], MAIN): 4}
    assert isinstance(plan_order(request_of((IDS[0], 7)), world_of(levels)), OutOfStock)


def test_a_basket_that_costs_something_else_than_was_shown_is_refused_with_what_it_costs() -> None:
    assert isinstance(
        plan_order(request_of((IDS[1], 2), expected_total_minor=210), world_of(plenty())), OrderPlan
    )
    refused = plan_order(request_of((IDS[1], 2), expected_total_minor=200), world_of(plenty()))
    assert isinstance(refused, PriceChanged)
    assert (refused.total_minor, refused.currency) == (210, "GBP")


def test_an_unknown_code_is_refused_by_name() -> None:
    refused = plan_order(request_of((IDS[1], 1), discount_code="NOPE"), world_of(plenty()))
    assert isinstance(refused, DiscountRefused)
    assert (refused.discount_code, refused.reason) == ("NOPE", "unknown")


def test_where_nobody_delivers_nothing_is_sold() -> None:
    method = ShippingMethod("post", {"": "Post"}, (Band(None, 300),), "GBP")
    rules = Rules(
        taxes={"": Tax(False, {"standard": 20_000})}, zones=(Zone("GB", frozenset({"GB"}), (), (method,)),)
    )
    refused = plan_order(request_of((IDS[1], 1), country="BR"), world_of(plenty(), rules=rules))
    assert isinstance(refused, NotDelivered)
    plan = plan_order(request_of((IDS[1], 2), country="GB"), world_of(plenty(), rules=rules))
    assert isinstance(plan, OrderPlan)
    assert (plan.quote.subtotal_minor, plan.quote.shipping_minor, plan.quote.tax_minor) == (210, 300, 102)
    assert plan.total_minor == 612


def test_a_price_in_another_currency_is_the_one_that_is_charged() -> None:
    prices = {("EUR", IDS[1]): Price(130, None)}
    world = world_of(plenty(), prices=prices)
    plan = plan_order(request_of((IDS[1], 2), currency="EUR"), world)
    assert isinstance(plan, OrderPlan)
    assert (plan.total_minor, plan.currency) == (260, "EUR")
    assert isinstance(
        plan_order(request_of((IDS[2], 2), currency="EUR"), world_of(plenty(), prices=prices)), UnknownProduct
    )
