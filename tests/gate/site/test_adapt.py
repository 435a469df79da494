"""The limit that follows latency: bounded, no growth while it is not used, down when it queues, and back."""

import math
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from safar.gate.line.calling import call_next
from safar.gate.site.adapt import PLACES_FLOOR_MS, Bounds, Limit, gradient_of, next_limit
from safar.gate.site.load import Meter, report_load
from safar.gate.site.settings import set_adaptive
from safar.gate.site.sites import ensure_site, site_figures
from safar.gate.tickets.model import SHOP
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.ids import new_id

BOUNDS = Bounds(10, 1000)
limits = st.builds(Limit, st.floats(10, 1000), st.floats(0, 5000))
latencies = st.floats(0.1, 60_000)


@given(limits, latencies, st.floats(0, 5000))
def test_the_limit_stays_within_its_bounds(limit: Limit, latency_ms: float, in_use: float) -> None:
    after = next_limit(limit, BOUNDS, latency_ms=latency_ms, in_use=in_use)
    assert BOUNDS.least <= after.value <= BOUNDS.most
    assert after.long_ms > 0


@given(limits, latencies, st.floats(0, 0.499))
def test_nothing_changes_while_less_than_half_is_used(limit: Limit, latency_ms: float, share: float) -> None:
    assert next_limit(limit, BOUNDS, latency_ms=latency_ms, in_use=share * limit.value).value == limit.value


@given(limits, latencies)
def test_one_step_never_takes_away_more_than_a_tenth_nor_adds_more_than_a_fiftieth_or_a_fifth_of_the_root(
    limit: Limit, latency_ms: float
) -> None:
    after = next_limit(limit, BOUNDS, latency_ms=latency_ms, in_use=limit.value)
    growth = 0.2 * max(math.sqrt(limit.value), limit.value / 10)
    assert 0.9 * limit.value - 1e-9 <= after.value <= limit.value + growth + 1e-9


@given(limits, st.floats(0.1, PLACES_FLOOR_MS), st.floats(10, 1000))
def test_the_limit_does_not_fall_below_what_is_carried_without_queueing(
    limit: Limit, latency_ms: float, in_use: float
) -> None:
    after = next_limit(limit, BOUNDS, latency_ms=latency_ms, in_use=in_use)
    assert after.value >= min(in_use, BOUNDS.most) or in_use <= limit.value + 1


@given(limits, latencies, st.floats(1.001, 5))
def test_the_limit_waits_until_as_many_have_left_as_it_took_away(
    limit: Limit, latency_ms: float, times: float
) -> None:
    after = next_limit(limit, BOUNDS, latency_ms=latency_ms, in_use=times * limit.value + 1)
    assert after.value >= limit.value


@given(st.floats(1, 5000), st.floats(1, 5000), st.floats(1, 5000))
def test_the_gradient_falls_as_latency_rises(long_ms: float, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0.5 <= gradient_of(long_ms, high, 50) <= gradient_of(long_ms, low, 50) <= 1
    assert gradient_of(long_ms, min(low, 50), 50) == 1


def test_a_site_that_slows_down_tenfold_is_cut_back_and_recovers_when_it_is_fast_again() -> None:
    limit = Limit(500)
    for _ in range(60):
        limit = next_limit(limit, BOUNDS, latency_ms=80, in_use=limit.value)
    before = limit.value
    for _ in range(30):
        limit = next_limit(limit, BOUNDS, latency_ms=800, in_use=limit.value)
    assert limit.value < before / 4
    for _ in range(240):
        limit = next_limit(limit, BOUNDS, latency_ms=80, in_use=limit.value)
    assert limit.value >= before / 2


async def test_the_capacity_of_a_site_follows_what_its_fronts_measured(context: Context) -> None:
    at = clock.now()
    with clock.held(at) as held:
        async with context.database.transaction() as connection:
            site = await ensure_site(connection, SHOP, 100)
            await set_adaptive(connection, SHOP, True, least=10, most=200, staff_id=new_id())

        capacity = 100

        async def second(latency_ms: float) -> int:
            nonlocal capacity
            held.advance(seconds=1)
            async with context.database.transaction() as connection:
                await connection.execute(
                    "UPDATE capacity_accounts SET held = %s WHERE id = %s", [capacity, site.account_id]
                )
                for requests in (30, 10):
                    meter = Meter()
                    meter._reported -= 1
                    for _ in range(requests):
                        meter.note(latency_ms / 1000)
                    await report_load(connection, meter)
                await connection.execute(
                    "DELETE FROM gate_loads WHERE measured_at < %s", [clock.now() - timedelta(seconds=0.5)]
                )
                await call_next(connection, SHOP)
                found = await site_figures(connection, SHOP)
            assert found is not None
            capacity = found.site.capacity
            return capacity

        grown = [await second(20) for _ in range(5)]
        assert grown == sorted(grown)
        assert grown[-1] > 100
        shrunk = [await second(2000) for _ in range(20)]
        assert shrunk[-1] < grown[-1] / 2
        assert shrunk[-1] >= 10
    async with context.database.connection() as connection:
        told = await connection.execute(
            "SELECT count(*) FROM journal_events WHERE name = 'site.capacity_adapted'"
        )
        assert (await told.fetchone() or (0,))[0] > 0
