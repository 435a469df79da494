"""The ledger's decisions, without a database: first come, first served, all or nothing."""

from collections import Counter
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.capacity.decide import decide_endings, decide_holds
from safar.capacity.model import Balance, Held, HoldRequest, HoldState, Mismatch, Refused
from tests.stage.ledger import LATER, NOW, hold_row

_balances = st.dictionaries(
    st.integers(1, 4),
    st.builds(Balance, on_hand=st.integers(0, 12), held=st.just(0), backorder=st.integers(0, 3)),
    max_size=4,
)
_lines = st.dictionaries(st.integers(1, 5), st.integers(1, 6), min_size=1, max_size=3)
_ids = st.integers(1, 12).map(lambda number: UUID(int=number))
_requests = st.lists(
    st.builds(HoldRequest, hold_id=_ids, lines=_lines, expires_at=st.just(LATER), purpose=st.just("test")),
    max_size=14,
)
_fresh_requests = st.lists(_lines, max_size=14).map(
    lambda many: [
        HoldRequest(hold_id=UUID(int=number + 1), lines=lines, expires_at=LATER, purpose="test")
        for number, lines in enumerate(many)
    ]
)


@given(_balances, _requests)
def test_each_is_granted_whole_or_not_at_all_and_refused_only_if_short_at_its_turn(
    balances: dict[int, Balance], requests: list[HoldRequest]
) -> None:
    decision = decide_holds(balances, {}, requests)
    assert [outcome.hold_id for outcome in decision.outcomes] == [request.hold_id for request in requests]
    left = {account: balance.available for account, balance in balances.items()}
    for request, outcome in zip(requests, decision.outcomes, strict=True):
        if isinstance(outcome, Held) and not outcome.replayed:
            for account, quantity in request.lines.items():
                left[account] -= quantity
                assert left[account] >= 0, "never more than there is"
        elif isinstance(outcome, Refused) and request in decision.refused:
            assert outcome.short, "a refusal says where"
            assert any(quantity > left.get(account, 0) for account, quantity in request.lines.items())
    placed = Counter[int]()
    for request in decision.placed:
        placed.update(request.lines)
    assert decision.held == placed, "the accounts change by what was granted, line for line"


@given(_balances, _requests, st.integers(0, 14))
def test_it_does_not_matter_how_arrivals_are_cut_into_batches(
    balances: dict[int, Balance], requests: list[HoldRequest], at: int
) -> None:
    requests = list({request.hold_id: request for request in requests}.values())
    together = decide_holds(balances, {}, requests)
    first = decide_holds(balances, {}, requests[:at])
    after = {
        account: Balance(balance.on_hand, balance.held + first.held.get(account, 0), balance.backorder)
        for account, balance in balances.items()
    }
    second = decide_holds(
        after, {request.hold_id: hold_row(request) for request in first.placed}, requests[at:]
    )
    assert first.outcomes + second.outcomes == together.outcomes


@given(_fresh_requests, st.randoms())
def test_when_there_is_enough_for_all_the_order_of_arrival_does_not_matter(
    requests: list[HoldRequest], random: object
) -> None:
    demand = Counter[int]()
    for request in requests:
        demand.update(request.lines)
    balances = {account: Balance(quantity, 0) for account, quantity in demand.items()}
    shuffled = list(requests)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    decision = decide_holds(balances, {}, shuffled)
    assert not decision.refused
    assert decision.held == demand


@given(_balances, _requests)
def test_the_same_id_gives_the_same_answer_and_another_body_is_a_mismatch(
    balances: dict[int, Balance], requests: list[HoldRequest]
) -> None:
    first = decide_holds(balances, {}, requests)
    known = {request.hold_id: hold_row(request) for request in first.placed}
    nothing_left = {account: Balance(0, 0) for account in balances}
    again = decide_holds(nothing_left, known, first.placed)
    assert not again.placed
    assert all(isinstance(outcome, Held) and outcome.replayed for outcome in again.outcomes)
    others = [
        HoldRequest(hold_id=r.hold_id, lines={**r.lines, 99: 1}, expires_at=LATER, purpose="test")
        for r in first.placed
    ]
    refused = decide_holds({**balances, 99: Balance(100, 0)}, known, others)
    assert refused.outcomes == [Mismatch(request.hold_id) for request in others]
    assert not refused.placed
    assert not refused.refused


@pytest.mark.parametrize("state", list(HoldState))
def test_a_replay_gives_the_first_answer_however_the_hold_ended(state: HoldState) -> None:
    request = HoldRequest(hold_id=UUID(int=1), lines={1: 2}, expires_at=LATER, purpose="test")
    decision = decide_holds({1: Balance(0, 0)}, {request.hold_id: hold_row(request, state)}, [request])
    assert decision.outcomes == [Held(request.hold_id, LATER, replayed=True)]


def test_a_large_request_does_not_hold_back_a_small_one_behind_it() -> None:
    requests = [
        HoldRequest(hold_id=UUID(int=n), lines={1: quantity}, expires_at=LATER, purpose="test")
        for n, quantity in enumerate((3, 9, 2, 1))
    ]
    outcomes = decide_holds({1: Balance(5, 0)}, {}, requests).outcomes
    assert [type(outcome) for outcome in outcomes] == [Held, Refused, Held, Refused]
    assert outcomes[1] == Refused(UUID(int=1), {1: 2})
    assert outcomes[3] == Refused(UUID(int=3), {1: 0})


def test_a_short_account_leaves_the_others_of_the_request_untouched() -> None:
    both = HoldRequest(hold_id=UUID(int=1), lines={1: 1, 2: 5, 7: 1}, expires_at=LATER, purpose="test")
    rest = HoldRequest(hold_id=UUID(int=2), lines={1: 3}, expires_at=LATER, purpose="test")
    decision = decide_holds({1: Balance(3, 0), 2: Balance(6, 2)}, {}, [both, rest])
    assert decision.outcomes == [Refused(both.hold_id, {2: 4, 7: 0}), Held(rest.hold_id, LATER)]
    assert decision.held == {1: 3}


@pytest.mark.parametrize("lines", [{}, {1: 0}, {1: 2, 2: -1}])
def test_a_request_for_nothing_or_less_cannot_be_made(lines: dict[int, int]) -> None:
    with pytest.raises(ValueError, match="at least one unit"):
        HoldRequest(hold_id=UUID(int=1), lines=lines, expires_at=LATER, purpose="test")


@given(
    st.dictionaries(_ids, st.tuples(_lines, st.sampled_from(HoldState), st.booleans()), max_size=10),
    st.lists(_ids, max_size=20),
    st.sampled_from([HoldState.CLAIMED, HoldState.RELEASED, HoldState.EXPIRED]),
    st.randoms(),
)
def test_a_hold_ends_once_and_the_order_of_the_endings_does_not_matter(
    holds: dict[UUID, tuple[dict[int, int], HoldState, bool]],
    asked: list[UUID],
    ending: HoldState,
    random: object,
) -> None:
    rows = {
        hold_id: hold_row(
            HoldRequest(hold_id=hold_id, lines=lines, expires_at=LATER, purpose="test"),
            state,
            NOW if due else LATER,
        )
        for hold_id, (lines, state, due) in holds.items()
    }
    endings = decide_endings(rows, asked, ending, NOW)
    assert [outcome.hold_id for outcome in endings.outcomes] == asked
    assert max(Counter(row.id for row in endings.ended).values(), default=1) == 1
    changed = [outcome.hold_id for outcome in endings.outcomes if outcome.changed]
    assert changed == [row.id for row in endings.ended]
    held, on_hand = Counter[int](), Counter[int]()
    for row in endings.ended:
        assert row.state == HoldState.LIVE
        due = row.expires_at <= NOW
        assert not (ending is HoldState.CLAIMED and due), "a claim after expiry never succeeds"
        assert not (ending is HoldState.EXPIRED and not due), "nothing expires early"
        held.subtract(row.lines)
        if ending is HoldState.CLAIMED:
            on_hand.subtract(row.lines)
    assert (endings.held, endings.on_hand) == (held, on_hand)
    for outcome in endings.outcomes:
        row_of = rows.get(outcome.hold_id)
        if row_of is None:
            assert outcome.state is None
        elif row_of.state != HoldState.LIVE:
            assert outcome.state == row_of.state, "one that ended before keeps its end"
        elif ending is HoldState.CLAIMED and row_of.expires_at <= NOW:
            assert outcome.state is HoldState.EXPIRED
    shuffled = list(asked)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    other = decide_endings(rows, shuffled, ending, NOW)
    assert (other.held, other.on_hand) == (endings.held, endings.on_hand)
    assert {row.id for row in other.ended} == {row.id for row in endings.ended}
