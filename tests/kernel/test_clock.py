"""One clock for decisions about rows: the database's, whatever a machine takes for the time."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from safar.capacity import actions as ledger
from safar.capacity.model import HoldRequest, HoldState
from safar.console.running import said
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Database, value
from safar.kernel.ids import new_id
from safar.kernel.loops import repeat
from safar.settings import Settings
from safar.watch.beats import note_beats
from safar.watch.decide import wrong
from safar.watch.model import TroubleKind
from safar.watch.reading import shop_standing

pytestmark = pytest.mark.finding("security-31")
_START = datetime(2026, 12, 1, tzinfo=UTC)


class Machine(clock.Clock):
    """A machine whose clock is wrong by so much, and whose ticks a test turns."""

    def __init__(self, *, ahead: timedelta) -> None:
        super().__init__()
        self.ahead = ahead
        self.slept_s = 0.0

    def wall(self) -> datetime:
        return super().wall() + self.ahead

    def ticks(self) -> float:
        return super().ticks() + self.slept_s


@pytest.mark.parametrize("hours", [1, -1])
async def test_a_machine_whose_clock_is_wrong_expires_what_is_due_in_the_database_and_nothing_else(
    database_url: str, hours: int
) -> None:
    machine = Machine(ahead=timedelta(hours=hours))
    database = Database(database_url, Settings(pool_min=1, pool_max=1))
    with clock.using(machine):
        await database.open()
        async with database.transaction() as connection:
            now = await value(connection, "SELECT clock_timestamp()")
            account_id = await ledger.open_account(connection, "test", "mug", backorder=9)
            holds = [
                HoldRequest(
                    hold_id=new_id(),
                    lines={account_id: 1},
                    expires_at=now + timedelta(minutes=m),
                    purpose="t",
                )
                for m in (-30, 30)
            ]
            await ledger.hold_many(connection, holds)
            assert await ledger.expire_due(connection) == 1
            ended = await ledger.claim_many(connection, [hold.hold_id for hold in holds])
        assert [one.state for one in ended] == [HoldState.EXPIRED, HoldState.CLAIMED]
        ahead_s = clock.ahead_s()
        assert ahead_s is not None
        assert abs(ahead_s - hours * 3600) < 5, "and it says so"
        await database.close()


@pytest.mark.parametrize(("ahead_s", "shown"), [(1.5, []), (3600.0, [3600.0]), (-90.0, [90.0])])
async def test_a_process_on_a_machine_whose_clock_is_wrong_says_so(
    context: Context, ahead_s: float, shown: list[float]
) -> None:
    machine = Machine(ahead=timedelta(seconds=ahead_s))
    with clock.using(machine):
        now = datetime.now(UTC)
        clock.measured(now, asked_ticks=machine.ticks(), answered_ticks=machine.ticks())
        await note_beats(context, "worker")()
        async with context.database.connection() as connection:
            found = [
                one for one in wrong(await shop_standing(connection)) if one.kind == TroubleKind.CLOCK_OFF
            ]
    assert [(one.about, one.seconds) for one in found] == [("worker", seconds) for seconds in shown]
    assert all(said(one) for one in found)


def test_the_time_goes_on_by_a_clock_that_never_jumps_and_follows_the_next_measurement() -> None:
    machine = Machine(ahead=timedelta(0))
    with clock.using(machine):
        clock.measured(_START, asked_ticks=machine.ticks(), answered_ticks=machine.ticks())
        machine.ahead = timedelta(hours=5)  # somebody sets the machine's clock
        machine.slept_s = 40
        assert timedelta(seconds=40) <= clock.now() - _START < timedelta(seconds=50)
        later = _START + timedelta(minutes=10)
        clock.measured(later, asked_ticks=machine.ticks(), answered_ticks=machine.ticks())
        assert later <= clock.now() < later + timedelta(seconds=10)


def test_a_worse_measurement_that_does_not_contradict_changes_nothing() -> None:
    machine = Machine(ahead=timedelta(0))
    with clock.using(machine):
        at = machine.ticks()
        clock.measured(_START, asked_ticks=at, answered_ticks=at)
        clock.measured(_START + timedelta(seconds=0.05), asked_ticks=at, answered_ticks=at + 0.2)
        assert abs((clock.now() - _START).total_seconds() - (machine.ticks() - at)) < 0.01


async def test_who_does_not_know_the_time_in_the_database_decides_nothing() -> None:
    machine = Machine(ahead=timedelta(0))
    steps = 0

    async def step() -> bool:
        nonlocal steps
        steps += 1
        return True

    with clock.using(machine):
        assert clock.is_known(), "it has no database"
        clock.measured(_START, asked_ticks=machine.ticks(), answered_ticks=machine.ticks())
        machine.slept_s = 3600
        assert not clock.is_known()
        task = asyncio.create_task(repeat("test", step, idle_s=0.0))
        for _turn in range(10):
            await asyncio.sleep(0)
        assert steps == 0
        task.cancel()
        clock.measured(_START, asked_ticks=machine.ticks(), answered_ticks=machine.ticks())
        assert clock.is_known()
