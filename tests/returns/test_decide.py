"""The way of an order, parcels, and the money of returns, for any input: no database."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safar.answers.texts import order_text
from safar.kernel.i18n import speaking
from safar.kernel.ids import new_id
from safar.orders.mail import salutation
from safar.orders.model import Goods, OrderLine, OrderState
from safar.orders.show import next_step_text, steps_of
from safar.orders.way import WAY, Step, after, when_cancelled
from safar.orders.words import STATES
from safar.returns.decide import RETURN_WAY, return_after, returnable
from safar.returns.letters import return_letter
from safar.returns.model import Return, ReturnState, ReturnStep
from safar.returns.money import paid_for, returned_share, same_again, shipping_paid, worth_of
from safar.shipments.decide import Parcel, TooMany, is_tracking_template, parcel_of, tracking_link
from safar.shipments.documents import tax_lines
from safar.shipments.letters import shipment_letter
from safar.shipments.model import Shipping
from tests.stage.orders import a_line, an_order

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_RANK = [
    OrderState.PLACED, OrderState.CONFIRMED, OrderState.PACKED, OrderState.SHIPPED, OrderState.DELIVERED,
    OrderState.CLOSED,
]  # fmt: skip
STEPS = st.lists(st.sampled_from(Step), max_size=30)


@given(STEPS)
def test_an_order_only_goes_forward_and_ends_for_good(steps: list[Step]) -> None:
    state = OrderState.PLACED
    for step in steps:
        new = after(state, step)
        if new is None:
            continue
        assert state not in (OrderState.CANCELLED, OrderState.CLOSED), "nothing leads out of an end"
        if step is Step.UNPACK:
            assert (state, new) == (OrderState.PACKED, OrderState.CONFIRMED), "the one step back"
        elif new is not OrderState.CANCELLED:
            assert _RANK.index(new) >= _RANK.index(state)
            assert new != state or step is Step.SHIP_PART
        state = new


@given(STEPS, st.booleans())
def test_what_has_left_is_never_cancelled(steps: list[Step], partly: bool) -> None:
    state, sent = OrderState.PLACED, False
    for step in steps:
        new = after(state, step, partly_shipped=sent)
        if new is None:
            continue
        assert not (new is OrderState.CANCELLED and sent)
        sent = sent or step in (Step.SHIP, Step.SHIP_PART)
        state = new


def test_every_state_can_be_reached_and_every_step_taken() -> None:
    assert {state for _from, state in WAY.items()} | {OrderState.PLACED} == set(OrderState)
    assert {step for _state, step in WAY} == set(Step)
    assert {state for _from, state in RETURN_WAY.items()} | {ReturnState.REQUESTED} == set(ReturnState)
    assert {step for _state, step in RETURN_WAY} == set(ReturnStep)


@pytest.mark.parametrize("state", OrderState)
@pytest.mark.parametrize("by_staff", [True, False])
def test_the_table_and_the_verb_that_cancels_agree(state: OrderState, by_staff: bool) -> None:
    step = Step.CANCEL if by_staff else Step.CANCEL_BY_CUSTOMER
    can = when_cancelled(state, by_staff=by_staff, asked_for=True) in ("release", "return")
    assert can == (after(state, step) is OrderState.CANCELLED)


@given(st.lists(st.sampled_from(ReturnStep), max_size=12))
def test_a_return_is_paid_or_exchanged_once_and_only_when_it_is_here(steps: list[ReturnStep]) -> None:
    state, taken = ReturnState.REQUESTED, []
    for step in steps:
        if (new := return_after(state, step)) is not None:
            taken.append(step)
            state = new
    assert len(taken) == len(set(taken))
    if ReturnStep.REFUND in taken:
        assert taken.index(ReturnStep.RECEIVE) < taken.index(ReturnStep.REFUND)
    assert not {ReturnStep.REFUND, ReturnStep.EXCHANGE} <= set(taken)


@settings(max_examples=40)
@given(st.data())
def test_parcels_empty_an_order_and_never_more(data: st.DataObject) -> None:
    places, variants = [new_id(), new_id(), new_id()], [new_id(), new_id(), new_id()]
    shelves = {
        place: places[index % 2] for index, place in enumerate(places)
    }  # the third is set aside at the first
    order_id = new_id()
    goods = [
        Goods(order_id, variant, place, data.draw(st.integers(1, 5)), 0, "S", "T", shelves[place])
        for variant in variants
        for place in places
        if data.draw(st.booleans())
    ]
    left = sum(one.quantity for one in goods)
    for _ in range(12):
        place = data.draw(st.sampled_from(places[:2]))
        wanted = data.draw(
            st.none() | st.lists(st.tuples(st.sampled_from(variants), st.integers(0, 6)), max_size=3)
        )
        parcel = parcel_of(goods, place, wanted)
        if not isinstance(parcel, Parcel):
            assert parcel is None or isinstance(parcel, TooMany)
            continue
        units = sum(parcel.units.values())
        assert 0 < units <= left
        left -= units
        assert parcel.last == (left == 0)
        by_variant: dict[UUID, int] = {}
        for (variant_id, location_id), taken in parcel.taken.items():
            assert shelves[location_id] == place
            by_variant[variant_id] = by_variant.get(variant_id, 0) + taken
        assert by_variant == dict(parcel.units)
        goods = [
            replace(one, shipped=one.shipped + parcel.taken.get((one.variant_id, one.location_id), 0))
            for one in goods
        ]
        assert all(one.shipped <= one.quantity for one in goods)


@pytest.mark.finding("security-low-kit")
def test_a_kit_comes_back_as_often_as_all_its_parts_have_left() -> None:
    cup, spoon, order_id = new_id(), new_id(), new_id()
    kit = replace(a_line(3, 900), parts=((cup, 2), (spoon, 1)))
    single = replace(a_line(4, 500), variant_id=cup)
    goods = [
        Goods(order_id, cup, new_id(), 6, 4, "CUP", "Cup", new_id()),
        Goods(order_id, spoon, new_id(), 3, 3, "SPOON", "Spoon", new_id()),
    ]
    assert returnable([kit], goods, {}) == {kit.variant_id: 2}
    assert returnable([kit], goods, {kit.variant_id: 2}) == {kit.variant_id: 0}
    # A kit and its part in one order: what comes back with the one cannot come back with the other.
    both = [kit, single]
    assert returnable(both, goods, {kit.variant_id: 1}) == {kit.variant_id: 1, cup: 2}
    assert returnable(both, goods, {kit.variant_id: 2}) == {kit.variant_id: 0, cup: 0}


@given(st.integers(0, 10**9), st.lists(st.integers(1, 50), min_size=1, max_size=10))
def test_the_shares_of_a_line_sum_to_it_however_it_is_split(total: int, parts: list[int]) -> None:
    quantity, before, shares = sum(parts), 0, []
    for units in parts:
        shares.append(returned_share(total, quantity, before, units))
        before += units
    assert sum(shares) == total
    assert all(amount >= 0 for amount in shares)


LINES = st.lists(
    st.builds(
        lambda quantity, price, off, tax: a_line(
            quantity, price, quantity * price * off // 100, quantity * price * tax // 100
        ),
        st.integers(1, 9), st.integers(0, 10**6), st.integers(0, 100), st.integers(0, 30),
    ),
    min_size=1, max_size=5,
)  # fmt: skip


@given(LINES, st.booleans(), st.integers(0, 5000), st.integers(0, 1000))
def test_all_of_an_order_comes_to_what_was_paid_for_it(
    lines: list[OrderLine], included: bool, shipping: int, shipping_tax: int
) -> None:
    tax = sum(line.tax_minor for line in lines) + shipping_tax
    order = an_order(
        shipping_minor=shipping, tax_minor=tax, tax_included=included, shipping_tax_minor=shipping_tax
    )
    units = {line.variant_id: line.quantity for line in lines}
    goods = sum(line.price_minor * line.quantity - line.discount_minor for line in lines)
    total = goods + shipping + (0 if included else tax)
    assert worth_of(order, lines, units, {}) + shipping_paid(order) == total
    assert sum(line.tax_minor for line in tax_lines(order, lines)) == (
        tax if shipping else tax - shipping_tax
    )


@pytest.mark.finding("goods-A")
@given(LINES, st.booleans(), st.data())
def test_the_same_again_costs_what_was_paid_for_it_however_it_is_split(
    lines: list[OrderLine], included: bool, data: st.DataObject
) -> None:
    for line in lines:
        before = 0
        while before < line.quantity:
            units = data.draw(st.integers(1, line.quantity - before))
            again = same_again(line, units, before, tax_included=included)
            assert min(again.discount_minor, again.tax_minor) >= 0
            costs = again.unit_minor * units - again.discount_minor + (0 if included else again.tax_minor)
            paid = paid_for(line, tax_included=included)
            assert costs == returned_share(paid, line.quantity, before, units)
            before += units


@given(
    st.sampled_from([state for state in ReturnState if state is not ReturnState.REFUNDED]),
    st.sampled_from(["en", "fa", "hi", "pt-BR"]),
    st.text(max_size=40),
    st.booleans(),
)
def test_every_letter_can_be_written_whatever_the_customer_is_called(
    state: ReturnState, language: str, name: str, last: bool
) -> None:
    order = an_order(language=language, name=name, total_minor=120, proven=True)
    with speaking(language):
        begins = salutation(name, proven=True)
    one = Return(
        new_id(),
        5001,
        order.id,
        state,
        "refund",
        "100% %s",
        "50% %(x)s",
        None,
        None,
        0,
        False,
        _NOW,
        None,
        None,
        None,
        None,
    )
    told = return_letter(order, one, state, "l", answer=one.answer, send_to="1 Road", exchange=(order, "n"))
    sent = Shipping(new_id(), order.id, new_id(), "l", None, "100% Post", "%s", None)
    parcel = shipment_letter(
        order, sent, [(2, "100% cotton %s")], tracking_url="t", in_parts=True, more_to_come=not last
    )
    for mail in (told, parcel):
        assert mail.body.startswith(begins)
        assert mail.language == language
    assert "50% %(x)s" in told.body
    assert "100% cotton %s" in parcel.body


@pytest.mark.parametrize("state", OrderState)
def test_pages_and_bot_have_words_for_every_state(state: OrderState) -> None:
    order = an_order(state=state, cancelled_at=_NOW if state is OrderState.CANCELLED else None)
    assert STATES[state]
    assert next_step_text(order)
    assert steps_of(order)[0][1] == "done"
    assert "10001" in order_text(order)


@pytest.mark.parametrize(
    ("template", "fits"),
    [
        ("https://post.example/{code}", True), ("http://post.example/?c={code}#x", True),
        ("https://post.example/", False), ("javascript:alert({code})", False), ("//x/{code}", False),
        ("https:///{code}", False), ("https://[/{code}", False), ("", False),
    ],
)  # fmt: skip
def test_only_web_addresses_with_a_place_for_the_code_are_taken(template: str, fits: bool) -> None:
    assert is_tracking_template(template) is fits


def test_a_code_stays_a_code_in_the_link() -> None:
    assert tracking_link("https://p.example/{code}", "A/B c?&") == "https://p.example/A%2FB%20c%3F%26"
    assert tracking_link("", "A") == tracking_link("https://p.example/{code}", "") == ""
