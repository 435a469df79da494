"""The shop's decisions hold whatever is asked: sums, replays, and where each payment leads."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from safar.kernel.ids import derived_id, new_id
from safar.shop.decide import (
    REASONS,
    OrderRequest,
    Plan,
    Unheard,
    answers_of,
    free_for,
    left_of,
    location_for,
    new_of,
    payment_after_cancel,
    plan_order,
    when_cancelled,
    when_paid,
    when_unheard,
)
from safar.shop.mail import About, mail_of
from safar.shop.model import KeyReused, NotSold, Order, OrderState, OutOfStock, PaymentState, Taken, Variant
from safar.stock.model import MAIN, Level, allocation_of

_NOW = datetime(2026, 11, 22, tzinfo=UTC)
_IDS = [derived_id("v", number) for number in range(4)]
_VARIANTS = {
    id_: Variant(id_, new_id(), f"S{n}", f"Thing {n}", 100 * n + 5, "GBP", f"thing-{n}", "home")
    for n, id_ in enumerate(_IDS)
}
_CAMPAIGN = derived_id("campaign")
_LINES = st.lists(
    st.tuples(st.sampled_from([*_IDS, derived_id("v", "unknown")]), st.integers(1, 999)),
    min_size=1,
    max_size=8,
).map(tuple)
_LEVELS = st.dictionaries(
    st.tuples(st.sampled_from(_IDS), st.sampled_from([MAIN, allocation_of(_CAMPAIGN)])),
    st.tuples(st.integers(0, 50), st.integers(0, 50)),
).map(
    lambda found: {
        place: Level(number, on_hand + held, held)
        for number, (place, (on_hand, held)) in enumerate(found.items())
    }
)


def _request(lines: tuple[object, ...], **other: object) -> OrderRequest:
    plain = OrderRequest(
        derived_id("order"), derived_id("customer"), None, None, lines,  # type: ignore[arg-type]
        "a@b.example", "Ada", "Lane", "en", "cod",
    )  # fmt: skip
    return replace(plain, **other)  # type: ignore[arg-type]


def _order(state: str, payment_state: str, *, cancelled_at: datetime | None = None) -> Order:
    return Order(
        derived_id("order"), 1, state, None, _request(((_IDS[0], 1),)).fingerprint, derived_id("customer"),
        None, None, derived_id("order"), _NOW, "a@b.example", "Ada", "Lane", "en", 5, "GBP", _NOW, None, None,
        None,
        cancelled_at, "test", "ok", payment_state, None,
    )  # fmt: skip


@given(_LINES, _LEVELS, st.sampled_from([None, _CAMPAIGN]))
def test_a_plan_sums_units_and_money_and_takes_each_variant_from_one_place(
    lines: tuple[tuple[object, int], ...], levels: dict[object, Level], campaign_id: object
) -> None:
    request = _request(lines, campaign_id=campaign_id)
    plan = plan_order(request, _VARIANTS, levels)  # type: ignore[arg-type]
    if isinstance(plan, NotSold):
        assert set(plan.variant_ids) == {v for v, _q in lines if v not in _VARIANTS} != set()
        return
    if isinstance(plan, OutOfStock):
        assert all(location_for(v, request.campaign_id, levels) is None for v in plan.left)  # type: ignore[arg-type]
        return
    assert sum(line.quantity for line in plan.lines) == sum(quantity for _v, quantity in lines)
    assert plan.total_minor == sum(_VARIANTS[v].price_minor * quantity for v, quantity in lines)  # type: ignore[index]
    assert len(plan.accounts) == len(plan.lines) == len(request.units)
    for line in plan.lines:
        assert levels[line.variant_id, line.location_id].account_id == line.account_id  # type: ignore[index]
        if line.location_id != MAIN:
            assert line.location_id == allocation_of(_CAMPAIGN)
        elif campaign_id:
            assert (line.variant_id, allocation_of(_CAMPAIGN)) not in levels


@given(_LINES.filter(lambda lines: all(v in _VARIANTS for v, _q in lines)), _LEVELS, st.data())
def test_a_refusal_names_exactly_what_was_short(
    lines: tuple[tuple[object, int], ...], levels: dict[object, Level], data: st.DataObject
) -> None:
    plan = plan_order(_request(lines), _VARIANTS, levels)  # type: ignore[arg-type]
    if isinstance(plan, Plan):
        short = data.draw(st.sets(st.sampled_from(sorted(plan.accounts)), min_size=1))
        left = left_of(plan, dict.fromkeys(short, -3))
        assert {line.variant_id for line in plan.lines if line.account_id in short} == set(left.left)
        assert all(units == 0 for units in left.left.values())


@given(_LEVELS)
def test_what_is_shown_as_left_is_never_negative(levels: dict[object, Level]) -> None:
    for id_ in _IDS:
        assert free_for(id_, _CAMPAIGN, levels) >= 0  # type: ignore[arg-type]


@given(_LINES, st.randoms())
def test_the_order_of_lines_and_the_callers_cookies_do_not_make_another_request(
    lines: tuple[tuple[object, int], ...], random: object
) -> None:
    shuffled = list(lines)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one = _request(lines)
    assert one.fingerprint == _request(tuple(shuffled), customer_id=new_id(), language="fa").fingerprint
    assert one.fingerprint != replace(one, email="other@b.example").fingerprint
    assert one.fingerprint != replace(one, lines=(*one.lines, (_IDS[0], 1))).fingerprint


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 2)), max_size=12))
def test_in_a_batch_each_id_is_written_once_and_others_replay_or_are_refused(
    asked: list[tuple[int, int]],
) -> None:
    requests = [
        _request(((_IDS[0], quantity),), order_id=derived_id("order", key)) for key, quantity in asked
    ]
    new = new_of(requests, {})
    assert len(new) == len({request.order_id for request in requests})
    answers = {r.order_id: Taken(r.order_id, 1, "confirmed", "due", 5, "GBP") for r in new}
    outcomes = answers_of(requests, {}, new, answers)
    firsts = {request.order_id: request.fingerprint for request in new}
    written = [answer for answer in outcomes if isinstance(answer, Taken) and not answer.replayed]
    assert len(written) == len(new)
    for request, outcome in zip(requests, outcomes, strict=True):
        assert isinstance(outcome, KeyReused) == (firsts[request.order_id] != request.fingerprint)


@given(st.sampled_from(list(OrderState)), st.sampled_from(list(PaymentState)), st.booleans(), st.booleans())
def test_money_is_never_kept_for_a_cancelled_order(
    state: OrderState, payment: PaymentState, pending: bool, by_staff: bool
) -> None:
    after = payment_after_cancel(payment, may_still_arrive=pending)
    assert after not in (PaymentState.PAID, PaymentState.DUE)
    if payment is PaymentState.PAID:
        assert after is PaymentState.OWED
    if state is OrderState.CANCELLED and after in (PaymentState.STARTED, PaymentState.FAILED):
        assert when_paid(state, after) == "owe"
    if when_cancelled(state, by_staff=by_staff) == "return":
        assert by_staff
    if state in (OrderState.SHIPPED, OrderState.DELIVERED):
        assert when_cancelled(state, by_staff=by_staff) == "refuse"


@given(st.booleans(), st.booleans(), st.integers(-(10**5), 2 * 10**5))
def test_every_open_payment_is_given_up_in_the_end(cancelled: bool, pending: bool, seconds: int) -> None:
    state = OrderState.CANCELLED if cancelled else OrderState.PLACED
    order = _order(state, "started", cancelled_at=_NOW if cancelled else None)
    step = when_unheard(order, pending=pending, now=_NOW + timedelta(seconds=seconds))
    if not pending:
        assert step is Unheard.CANCEL
    elif cancelled:
        assert (step is Unheard.WAIT) == (seconds < 86400)
    else:
        assert (step is Unheard.WAIT) == (seconds < 60)
    assert when_unheard(order, pending=pending, now=_NOW + timedelta(days=9)) is not Unheard.WAIT


@given(
    st.sampled_from(["confirmed", "cancelled", "refunded", "shipped"]), st.sampled_from(sorted(REASONS)),
    st.sampled_from(list(PaymentState)), st.sampled_from(["en", "fa", "hi", "pt-BR"]), st.text(max_size=40),
)  # fmt: skip
def test_every_mail_can_be_written_whatever_the_customer_is_called(
    kind: str, reason: str, payment: PaymentState, language: str, name: str
) -> None:
    about = About(
        order_id=derived_id("order"), number=7, customer_id=new_id(), campaign_id=None, name=name,
        email="a@b.example", address="50% Lane %(x)s", language=language, total_minor=100, currency="GBP",
        payment_state=payment, reason=reason, link="https://shop.example/orders/x",
        lines=[(2, "100% cotton %s", 50)],
    )  # fmt: skip
    mail = mail_of(kind, about)
    assert mail.message_id == mail_of(kind, about).message_id
    assert name in mail.body
    assert "7" in (mail.subject or "") or language in ("fa", "hi")
