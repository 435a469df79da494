"""Each ending of a hold, before and after it is due; replays in a batch and from the books."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from safar.capacity.decide import decide_endings, decide_holds
from safar.capacity.model import Balance, EndedHold, Held, HoldRequest, HoldState, Mismatch, Refused
from tests.stage.ledger import LATER, NOW, hold_row

ID = UUID(int=1)
REQUEST = HoldRequest(hold_id=ID, lines={1: 2, 2: 3}, expires_at=LATER, purpose="order")
LIVE, CLAIMED, RELEASED, EXPIRED = (
    HoldState.LIVE,
    HoldState.CLAIMED,
    HoldState.RELEASED,
    HoldState.EXPIRED,
)


@pytest.mark.parametrize(
    ("ending", "seconds_left", "outcome", "on_hand"),
    [
        (CLAIMED, 1, EndedHold(ID, CLAIMED, changed=True), {1: -2, 2: -3}),
        (CLAIMED, 0, EndedHold(ID, EXPIRED), {}),
        (RELEASED, 1, EndedHold(ID, RELEASED, changed=True), {}),
        (RELEASED, 0, EndedHold(ID, RELEASED, changed=True), {}),
        (EXPIRED, 0, EndedHold(ID, EXPIRED, changed=True), {}),
        (EXPIRED, 1, EndedHold(ID, LIVE, expires_at=NOW + timedelta(seconds=1)), {}),
    ],
)
def test_a_live_hold_is_claimed_in_time_released_at_any_time_and_expires_when_due(
    ending: HoldState, seconds_left: int, outcome: EndedHold, on_hand: dict[int, int]
) -> None:
    row = hold_row(REQUEST, expires_at=NOW + timedelta(seconds=seconds_left))
    endings = decide_endings({ID: row}, [ID, UUID(int=9)], ending, NOW)
    assert endings.outcomes == [outcome, EndedHold(UUID(int=9), None)]
    assert endings.on_hand == on_hand
    assert endings.held == ({1: -2, 2: -3} if outcome.changed else {})


def test_two_holds_of_one_account_end_together_and_each_once() -> None:
    other = replace(REQUEST, hold_id=UUID(int=2), lines={1: 5})
    rows = {ID: hold_row(REQUEST), other.hold_id: hold_row(other)}
    endings = decide_endings(rows, [ID, other.hold_id, ID], CLAIMED, NOW)
    assert (endings.held, endings.on_hand) == ({1: -7, 2: -3}, {1: -7, 2: -3})
    assert endings.outcomes[2] == EndedHold(ID, CLAIMED)


def test_the_same_id_with_other_lines_or_another_purpose_is_a_mismatch() -> None:
    balances = {1: Balance(9, 0), 2: Balance(9, 0), 3: Balance(9, 0)}
    others = [replace(REQUEST, lines={1: 2}), replace(REQUEST, purpose="cart")]
    known = decide_holds(balances, {ID: hold_row(REQUEST)}, [REQUEST, *others])
    assert known.outcomes == [Held(ID, LATER, replayed=True), Mismatch(ID), Mismatch(ID)]
    assert known.held == {}
    batch = decide_holds(balances, {}, [REQUEST, REQUEST, others[0]])
    assert batch.outcomes == [Held(ID, LATER), Held(ID, LATER, replayed=True), Mismatch(ID)]
    assert batch.held == {1: 2, 2: 3}
    short = decide_holds({1: Balance(1, 0, 1), 2: Balance(3, 1)}, {}, [REQUEST, REQUEST])
    assert short.outcomes == [Refused(ID, {2: 2}), Refused(ID, {2: 2})]
    assert short.refused == [REQUEST]
