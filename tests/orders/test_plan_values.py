"""What a plan takes, refuses and tells, case by case."""

from dataclasses import replace

import pytest

from safar.cart.most import Most
from safar.catalogue.errors import UnknownProduct
from safar.catalogue.kits import demand_of, stocked_ids
from safar.catalogue.model import Price
from safar.gate.tickets.errors import Waiting
from safar.gate.tickets.model import GoodsRoom
from safar.kernel.errors import CookiesNeeded
from safar.kernel.ids import derived_id
from safar.orders.errors import (
    DiscountRefused,
    OutOfStock,
    TooManyOfProduct,
    TooManyUnits,
    TooMuchUnpaid,
    TotalNotTaken,
)
from safar.orders.model import OrderLimits
from safar.orders.plan import OrderPlan, PlannedLine, out_of_stock, plan_order, shown_left
from safar.pricing.model import Discount
from safar.stock.model import MAIN, Level, Place
from tests.stage.buyers import NO_LIMITS
from tests.stage.orders import IDS
from tests.stage.plans import KIT, KITS, STORE, plenty, request_of, world_of

A, B, C, _D = IDS


def test_the_demand_is_of_all_lines_and_of_a_kit_its_parts() -> None:
    assert demand_of({KIT: 3, A: 2, C: 1}, KITS) == {A: 8, B: 3, C: 1}
    assert stocked_ids([KIT, A, C], KITS) == [A, B, C]


@pytest.mark.parametrize(
    ("short", "units", "left"),
    [
        ({A: 3}, {KIT: 5}, {KIT: 1}),  # two in each
        ({A: 3, B: 9}, {KIT: 5}, {KIT: 1}),
        ({A: 20}, {KIT: 5}, {KIT: 5}),  # not more than were asked for: of the other part nothing is known
        ({A: -4}, {KIT: 5}, {KIT: 0}),
        ({C: 5}, {C: 9}, {C: 5}),
        ({C: -1}, {C: 9, A: 1}, {C: 0}),
        ({C: 5}, {A: 9}, {}),
    ],
)
def test_what_is_short_is_told_in_whole_kits(
    short: dict[object, int], units: dict[object, int], left: dict[object, int]
) -> None:
    assert shown_left(short, units, KITS) == left  # type: ignore[arg-type]


def test_an_order_from_two_shelves_takes_from_both_and_leaves_what_it_took() -> None:
    levels: dict[Place, Level] = {(A, MAIN): Level(1, 5, 2), (A, STORE): Level(2, 9, 0)}
    world = world_of(levels)
    plan = plan_order(request_of((A, 10)), world)
    assert isinstance(plan, OrderPlan)
    assert plan.goods == {(A, MAIN): 3, (A, STORE): 7}
    assert plan.accounts == {1: 3, 2: 7}
    assert (world.levels[A, MAIN].held, world.levels[A, STORE].held) == (5, 7)
    # The ledger says what each account still has; below nothing is nothing.
    assert out_of_stock(plan, {1: 2, 2: 4}, world).left == {A: 6}
    assert out_of_stock(plan, {1: -2, 2: 4}, world).left == {A: 4}
    refused = plan_order(request_of((A, 3)), world)
    assert isinstance(refused, OutOfStock)
    assert refused.left == {A: 2}


def test_several_variants_of_one_account_are_held_together() -> None:
    levels: dict[Place, Level] = {(A, MAIN): Level(7, 9, 0), (B, MAIN): Level(7, 9, 0)}
    plan = plan_order(request_of((A, 2), (B, 3)), world_of(levels))
    assert isinstance(plan, OrderPlan)
    assert plan.accounts == {7: 5}
    assert PlannedLine(A, 1, 105, 0, 0, "Thing").tax_rate == 0


@pytest.mark.parametrize(("quantity", "refused"), [(5, False), (6, True)])
def test_so_many_of_an_article_go_into_an_order(quantity: int, refused: bool) -> None:
    limits = replace(NO_LIMITS, units=5)
    answer = plan_order(request_of((A, 1), (B, quantity), limits=limits), world_of(plenty()))
    assert isinstance(answer, TooManyUnits if refused else OrderPlan)


def test_parts_of_kits_count_for_the_most_of_an_article() -> None:
    limits = replace(NO_LIMITS, units=5)
    assert isinstance(plan_order(request_of((KIT, 2), limits=limits), world_of(plenty())), OrderPlan)
    assert isinstance(plan_order(request_of((KIT, 3), limits=limits), world_of(plenty())), TooManyUnits)
    assert isinstance(plan_order(request_of((KIT, 30)), world_of(plenty())), OrderPlan), "0: no limit"
    most = {B: Most(derived_id("product"), 2, "Thing")}
    assert isinstance(plan_order(request_of((KIT, 2)), world_of(plenty(), mosts=most)), OrderPlan)
    assert isinstance(plan_order(request_of((KIT, 3)), world_of(plenty(), mosts=most)), TooManyOfProduct)


def test_who_is_not_known_or_not_let_in_orders_nothing() -> None:
    request = request_of((A, 1))
    stranger = replace(request, buyer=replace(request.buyer, returned=False))
    assert isinstance(plan_order(stranger, world_of(plenty())), CookiesNeeded)
    rooms = {B: GoodsRoom(derived_id("product"), "b", "/room/b")}
    world = world_of(plenty(), rooms=rooms)
    assert isinstance(plan_order(request, world), OrderPlan)
    assert isinstance(plan_order(request_of((B, 1)), world), Waiting)
    assert isinstance(plan_order(request_of((KIT, 1)), world), Waiting), "before a part of it"
    inside = replace(request.buyer, rooms=frozenset({"b"}))
    assert isinstance(plan_order(request_of((B, 1), buyer=inside), world), OrderPlan)


def test_a_share_of_what_nobody_has_may_be_ordered_without_paying() -> None:
    # 10 + 4 units, 2 held and 4 more to come: 16 that nobody has; a quarter is four.
    levels: dict[Place, Level] = {(A, MAIN): Level(1, 10, 2, 0, 4), (A, STORE): Level(2, 4, 0)}
    limits = OrderLimits(units=0, orders=0, orders_network=0, share_percent=25, units_least=1)

    def answer(quantity: int, levels: dict[Place, Level]) -> object:
        return plan_order(request_of((A, quantity), limits=limits), world_of(levels))

    assert isinstance(answer(4, levels), OrderPlan)
    assert isinstance(answer(5, levels), TooMuchUnpaid)
    # What is missing on one shelf takes nothing from another.
    lacking = {(A, derived_id("other")): Level(3, 0, 8)}
    assert isinstance(answer(4, {**levels, **lacking}), OrderPlan)
    fifteen = {**levels, **lacking, (A, STORE): Level(2, 3, 0)}
    assert isinstance(answer(3, fifteen), OrderPlan)
    assert isinstance(answer(4, fifteen), TooMuchUnpaid)


def test_an_amount_that_the_way_to_pay_does_not_take_is_refused() -> None:
    request = request_of((B, 2))  # 210
    for most, step, taken in ((210, 1, True), (209, 1, False), (None, 10, True), (None, 20, False)):
        answer = plan_order(replace(request, total_minor_max=most, total_minor_step=step), world_of(plenty()))
        assert isinstance(answer, OrderPlan if taken else TotalNotTaken)


def test_the_campaign_that_brought_the_visitor_is_thanked_before_that_of_the_code() -> None:
    code = Discount("SAVE", "percent", 1_000, "GBP", campaign_id=derived_id("of the code"))
    world = world_of(plenty(), discounts={"SAVE": code})
    plan = plan_order(request_of((B, 2), discount_code="SAVE"), world)
    assert isinstance(plan, OrderPlan)
    assert (plan.campaign_id, plan.total_minor, plan.discount) == (code.campaign_id, 189, code)
    brought = plan_order(request_of((B, 2), discount_code="SAVE", campaign_id=derived_id("mail")), world)
    assert isinstance(brought, OrderPlan)
    assert brought.campaign_id == derived_id("mail")
    late = replace(code, active=False)
    refused = plan_order(
        request_of((B, 2), discount_code="SAVE"), world_of(plenty(), discounts={"SAVE": late})
    )
    assert isinstance(refused, DiscountRefused)


def test_a_basket_with_nothing_in_it_or_without_a_price_is_not_sold() -> None:
    assert isinstance(plan_order(request_of(), world_of(plenty())), UnknownProduct)
    prices = {("EUR", B): Price(130, None)}
    refused = plan_order(request_of((B, 1), (C, 1), currency="EUR"), world_of(plenty(), prices=prices))
    assert isinstance(refused, UnknownProduct)
