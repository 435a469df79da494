"""What can be promised by when, without a database."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from safar.kernel.ids import derived_id
from safar.stock.promise import LATE_DAYS, Incoming, Promise, SellingLevel, promise_of

TODAY = date(2026, 3, 2)
MUG = derived_id("mug")


def shelf(
    on_hand: int, *, held: int = 0, reserve: int = 0, backorder: int = 0, **policy: object
) -> SellingLevel:
    return SellingLevel(MUG, on_hand, held, reserve, backorder, **policy)  # type: ignore[arg-type]


def coming(units: int, days: int | None) -> Incoming:
    return Incoming(MUG, units, None if days is None else TODAY + timedelta(days=days))


def on(days: int) -> date:
    return TODAY + timedelta(days=days)


def test_free_units_leave_now_and_need_no_date() -> None:
    promise = promise_of([shelf(5, held=2, reserve=1)], [coming(10, 3)], today=TODAY)
    assert promise == Promise(2, ((on(3), 10),), 0, None)


def test_a_location_that_owes_units_takes_none_from_another() -> None:
    promise = promise_of([shelf(5), shelf(0, held=2, backorder=5)], [], today=TODAY)
    assert (promise.free, promise.backorder) == (5, 3)
    assert promise.promisable == 8


def test_the_date_is_the_first_delivery_that_is_not_promised_away() -> None:
    owing = [shelf(0, held=10, backorder=100)]
    deliveries = [coming(4, 2), coming(6, 5), coming(1, 9)]
    assert promise_of(owing, deliveries, today=TODAY).promised_on == on(9)
    assert promise_of(owing, [*deliveries, coming(1, 5)], today=TODAY).promised_on == on(5)


def test_without_a_delivery_the_days_of_the_policy_hold_and_without_those_nobody_knows() -> None:
    policy = [shelf(0, backorder=3, promise_days=12)]
    assert promise_of(policy, [], today=TODAY).promised_on == on(12)
    assert promise_of([shelf(0, backorder=3)], [], today=TODAY).promised_on is None


def test_what_may_not_be_promised_has_no_date_whatever_is_coming() -> None:
    assert promise_of([shelf(0, promise_days=2)], [coming(9, 1)], today=TODAY).promised_on is None
    used_up = [shelf(0, held=3, backorder=3, promise_days=2)]
    assert promise_of(used_up, [coming(9, 1)], today=TODAY).promised_on is None


def test_a_pre_order_leaves_on_its_day_and_not_before() -> None:
    early = [shelf(0, backorder=3, preorder_from=on(30))]
    assert promise_of(early, [coming(5, 3)], today=TODAY).promised_on == on(30)
    assert promise_of(early, [coming(5, 40)], today=TODAY).promised_on == on(40)
    assert promise_of(early, [], today=TODAY).promised_on == on(30)
    out = [shelf(0, backorder=3, preorder_from=on(-30), promise_days=4)]
    assert promise_of(out, [], today=TODAY).promised_on == on(4)
    unknown = [shelf(0, backorder=3, preorder_from=on(-30))]
    assert promise_of(unknown, [], today=TODAY).promised_on is None


def test_a_late_or_undated_delivery_is_not_promised_for_yesterday() -> None:
    owing = [shelf(0, backorder=5)]
    assert promise_of(owing, [coming(5, -3)], today=TODAY).promised_on == on(LATE_DAYS)
    assert promise_of(owing, [coming(5, None)], today=TODAY).promised_on == on(LATE_DAYS)


shelves = st.lists(
    st.builds(
        lambda on_hand, backorder, used, reserve: shelf(
            on_hand,
            held=max(min(on_hand + backorder - reserve, on_hand + used), 0),
            reserve=reserve,
            backorder=backorder,
        ),
        st.integers(0, 50),
        st.integers(0, 50),
        st.integers(-50, 50),
        st.integers(0, 10),
    ),
    max_size=5,
)
deliveries = st.lists(st.builds(coming, st.integers(1, 40), st.integers(-5, 40)), max_size=6)


@given(shelves, deliveries)
def test_a_date_is_never_in_the_past_and_never_given_for_nothing(
    places: list[SellingLevel], units: list[Incoming]
) -> None:
    promise = promise_of(places, units, today=TODAY)
    assert sum(count for _day, count in promise.incoming) == sum(one.units for one in units)
    assert promise.free >= 0
    assert promise.backorder >= 0
    if promise.promised_on is not None:
        assert promise.promised_on >= TODAY
        assert promise.free == 0
        assert promise.backorder > 0
