"""The ledger under concurrency and accidents: never oversold, never deadlocked, nothing acknowledged lost."""

import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest

from safar.capacity import actions
from safar.capacity.actions import (
    Extension,
    OnHandChange,
    accounts,
    change_many,
    claim_many,
    expire_due,
    extend_many,
    hold_many,
    open_account,
    recount_accounts,
    release_many,
)
from safar.capacity.errors import BelowPromised
from safar.capacity.model import EndedHold, Held, HoldRequest, HoldRow, HoldState, Mismatch, Refused
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Connection, Database, execute, value
from safar.kernel.ids import new_id


async def _open(database: Database, *on_hand: int, backorder: int = 0) -> list[int]:
    async with database.transaction() as connection:
        ids = [
            await open_account(connection, "test", f"{number}", backorder=backorder)
            for number in range(len(on_hand))
        ]
        await change_many(
            connection, [OnHandChange(id, units) for id, units in zip(ids, on_hand, strict=True)]
        )
    return ids


def _request(lines: dict[int, int], hold_id: UUID | None = None, *, minutes: float = 15) -> HoldRequest:
    until = clock.now() + timedelta(minutes=minutes)
    return HoldRequest(hold_id=hold_id or new_id(), lines=lines, expires_at=until, purpose="test")


async def _hold(database: Database, *requests: HoldRequest) -> list[Held | Refused | Mismatch]:
    async with database.transaction() as connection:
        return await hold_many(connection, requests)


async def _agree(database: Database) -> None:
    async with database.connection() as connection:
        assert await recount_accounts(connection) == []
        assert await value(connection, "SELECT count(*) FROM capacity_accounts WHERE on_hand < held") == 0


async def test_an_account_is_opened_once_whoever_asks(database: Database) -> None:
    async def opened() -> int:
        async with database.transaction() as connection:
            return await open_account(connection, "units", "mug:main", backorder=2)

    ids = set(await asyncio.gather(*(opened() for _caller in range(6))))
    assert len(ids) == 1
    async with database.connection() as connection:
        (account,) = (await accounts(connection, list(ids))).values()
    assert (account.kind, account.key, account.on_hand, account.held, account.backorder) == (
        "units",
        "mug:main",
        0,
        0,
        2,
    )


async def test_what_is_promised_cannot_be_taken_away(database: Database) -> None:
    first, second = await _open(database, 5, 5)
    await _hold(database, _request({first: 3}))

    async def change(*changes: OnHandChange) -> None:
        async with database.transaction() as connection:
            await change_many(connection, changes)

    with pytest.raises(BelowPromised) as refusal:
        await change(OnHandChange(second, 4), OnHandChange(first, -3))
    assert refusal.value.details == {"free": 2}
    await change(OnHandChange(first, -2), OnHandChange(second, -5))
    with pytest.raises(BelowPromised):
        await change(OnHandChange(first, -1))
    async with database.connection() as connection:
        found = await accounts(connection, [first, second])
    assert {id: account.on_hand for id, account in found.items()} == {first: 3, second: 0}
    await _agree(database)


async def test_the_database_itself_refuses_to_oversell_and_to_unpromise(database: Database) -> None:
    (account,) = await _open(database, 2)
    async with database.connection() as connection:
        for wrong in ("held = 3", "held = -1", "on_hand = -1"):
            with pytest.raises(psycopg.errors.CheckViolation):
                await execute(connection, f"UPDATE capacity_accounts SET {wrong} WHERE id = %s", [account])
        with pytest.raises(psycopg.errors.CheckViolation):
            await execute(
                connection,
                "INSERT INTO capacity_holds"
                " (id, state, account_ids, quantities, purpose, placed_at, expires_at)"
                " VALUES (gen_random_uuid(), 'live', %s, '{-1}', 'test', now(), now())",
                [[account]],
            )


@pytest.mark.finding("security-10")
async def test_an_id_used_by_two_at_the_same_moment_for_different_things_is_a_mismatch_of_the_second_alone(
    database: Database,
) -> None:
    first, second = await _open(database, 5, 5)
    one = _request({first: 1})
    other = _request({second: 1}, one.hold_id)
    before, after, too_many = _request({second: 2}), _request({second: 2}), _request({second: 2})
    async with database.transaction() as connection:
        await hold_many(connection, [one])
        waiting = asyncio.create_task(_hold(database, before, other, after, too_many))
        done, _pending = await asyncio.wait({waiting}, timeout=0.05)
        assert not done
    outcomes = await waiting
    assert outcomes[1] == Mismatch(one.hold_id)
    assert [type(outcome) for outcome in outcomes] == [Held, Mismatch, Held, Refused]
    assert await _hold(database, other) == [Mismatch(one.hold_id)]
    async with database.connection() as connection:
        found = await accounts(connection, [first, second])
        assert (found[first].held, found[second].held) == (1, 4)
        told = "SELECT count(*) FROM journal_events WHERE name = %s"
        assert await value(connection, told, ["hold.placed"]) == 3
        assert await value(connection, told, ["hold.refused"]) == 1
    await _agree(database)


@pytest.mark.finding("security-10")
async def test_the_batch_of_an_id_that_another_used_meanwhile_is_asked_once(
    context: Context,
) -> None:
    first, second = await _open(context.database, 50, 50)
    one = _request({first: 1})
    requests = [_request({second: 1}) for _number in range(20)]
    requests.insert(7, _request({second: 1}, one.hold_id))
    async with context.database.transaction() as connection:
        await hold_many(connection, [one])
        waiting = [asyncio.create_task(context.batched(hold_many, request)) for request in requests]
        await asyncio.wait(waiting, timeout=0.05)
    outcomes = await asyncio.gather(*waiting)
    assert outcomes.pop(7) == Mismatch(one.hold_id)
    assert not context.batchers.of(hold_many)._guilty
    assert {type(outcome) for outcome in outcomes} == {Held}
    await _agree(context.database)


async def test_the_same_id_asked_by_many_at_the_same_moment_holds_once(context: Context) -> None:
    (account,) = await _open(context.database, 5)
    request = _request({account: 2})
    direct = [_hold(context.database, request) for _caller in range(5)]
    combined = [context.batched(hold_many, request) for _caller in range(20)]
    answers = await asyncio.gather(*combined, *direct)
    flat = [answer[0] if isinstance(answer, list) else answer for answer in answers]
    assert all(isinstance(answer, Held) and answer.hold_id == request.hold_id for answer in flat)
    assert sum(not answer.replayed for answer in flat if isinstance(answer, Held)) == 1
    async with context.database.connection() as connection:
        assert (await accounts(connection, [account]))[account].held == 2
    await _agree(context.database)


async def test_a_hold_committed_while_it_is_being_ended_is_left_for_the_next_try(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its accounts were not locked: ending it then could end it twice."""
    (account,) = await _open(database, 5)
    request = _request({account: 2})
    reading = actions._holds

    async def commits_in_between(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, HoldRow]:
        monkeypatch.setattr(actions, "_holds", reading)
        await _hold(database, request)
        return await reading(connection, ids)

    for verb in (claim_many, release_many):
        monkeypatch.setattr(actions, "_holds", commits_in_between)
        async with database.transaction() as connection:
            assert await verb(connection, [request.hold_id]) == [EndedHold(request.hold_id, None)]
        request = _request({account: 2})
        monkeypatch.setattr(actions, "_holds", commits_in_between)
        async with database.transaction() as connection:
            extension = Extension(request.hold_id, clock.now() + timedelta(hours=1))
            assert await extend_many(connection, [extension]) == [EndedHold(request.hold_id, None)]
        async with database.transaction() as connection:
            assert await claim_many(connection, [request.hold_id]) == [
                EndedHold(request.hold_id, HoldState.CLAIMED, changed=True)
            ]
            await change_many(connection, [OnHandChange(account, 4)])
        request = _request({account: 2})
    await _agree(database)


async def test_many_sweepers_claimers_and_releasers_end_each_hold_once(database: Database) -> None:
    ids = await _open(database, 400, 400, 400)
    chance = random.Random(2)
    with clock.held(clock.now()) as held:
        requests = [
            _request(dict.fromkeys(chance.sample(ids, 2), 1), minutes=1 if n % 2 else 60) for n in range(120)
        ]
        await _hold(database, *requests)
        held.advance(seconds=120)
        hold_ids = [request.hold_id for request in requests]

        async def end(verb: object, given: list[UUID]) -> list[EndedHold]:
            async with database.transaction() as connection:
                return await verb(connection, given)  # type: ignore[operator, no-any-return]

        async def sweep() -> list[EndedHold]:
            async with database.transaction() as connection:
                while await expire_due(connection, limit=25):
                    pass
            return []

        work = []
        for verb in (claim_many, release_many, claim_many):
            chance.shuffle(hold_ids)
            work += [end(verb, hold_ids[start : start + 40]) for start in range(0, 120, 40)]
        ended = await asyncio.gather(*work, sweep(), sweep())
    changed = [end.hold_id for ends in ended for end in ends if end.changed]
    assert len(changed) == len(set(changed)), "no hold is ended by two"
    async with database.connection() as connection:
        told = await value(
            connection,
            "SELECT array_agg(DISTINCT n) FROM (SELECT count(*) AS n FROM journal_events"
            " WHERE name IN ('hold.claimed', 'hold.released', 'hold.expired') GROUP BY subject_id) AS c",
        )
        assert told == [1]
        live = "SELECT count(*) FROM capacity_holds WHERE state = 'live'"
        assert await value(connection, live) == 0
    await _agree(database)


@pytest.mark.slow
async def test_four_connections_of_mixed_holds_never_deadlock_and_never_oversell(database: Database) -> None:
    ids = await _open(database, *[30] * 6)
    placed: dict[UUID, dict[int, int]] = {}
    claimed: list[UUID] = []

    async def shopper(seed: int) -> None:
        chance = random.Random(seed)
        for _turn in range(40):
            requests = []
            for _request_of_turn in range(chance.randint(1, 6)):
                some = chance.sample(ids, chance.randint(1, 4))  # in any order
                requests.append(_request({id: chance.randint(1, 2) for id in some}))
            for request, outcome in zip(requests, await _hold(database, *requests), strict=True):
                if isinstance(outcome, Held):
                    placed[request.hold_id] = dict(request.lines)
            mine = chance.sample(list(placed), min(len(placed), 5))
            async with database.transaction() as connection:
                if chance.random() < 0.6:
                    await release_many(connection, mine)
                else:
                    claimed.extend(end.hold_id for end in await claim_many(connection, mine) if end.changed)
            if chance.random() < 0.3:
                async with database.transaction() as connection:
                    await change_many(connection, [OnHandChange(id, 1) for id in chance.sample(ids, 3)])

    # A deadlock would be raised here: nothing in this test retries.
    await asyncio.gather(*(shopper(seed) for seed in range(4)))
    assert len(claimed) == len(set(claimed)) > 5
    await _agree(database)
    async with database.connection() as connection:
        sold = await value(
            connection,
            "SELECT coalesce(sum(l.quantity), 0) FROM capacity_holds,"
            " unnest(account_ids, quantities) AS l (account_id, quantity) WHERE state = 'claimed'",
        )
    assert sold == sum(sum(placed[hold_id].values()) for hold_id in claimed)


@pytest.mark.slow
async def test_backends_killed_under_load_lose_no_acknowledged_hold_and_double_none(
    context: Context,
) -> None:
    database = context.database
    hot, warm = await _open(database, 300, 10_000)
    chance = random.Random(4)
    outcomes: dict[UUID, object] = {}
    kills = 0

    async def buyer() -> None:
        for _purchase in range(12):
            request = _request({warm: 1, hot: 1} if chance.random() < 0.7 else {warm: 2})
            outcomes[request.hold_id] = await context.batched(hold_many, request)
            if isinstance(outcomes[request.hold_id], Held) and chance.random() < 0.3:
                ended = await context.batched(claim_many, request.hold_id)
                assert ended.state is HoldState.CLAIMED

    async def reaper() -> None:
        nonlocal kills
        async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as own:
            while kills < 8:
                found = await own.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'"
                    " ORDER BY random() LIMIT 1"
                )
                kills += len(await found.fetchall())
                await asyncio.sleep(chance.random() * 0.02)

    reaping = asyncio.create_task(reaper())
    await asyncio.gather(*(buyer() for _buyer in range(60)))
    reaping.cancel()
    await asyncio.gather(reaping, return_exceptions=True)
    assert kills >= 2, "the accidents did happen"
    acknowledged = {hold_id for hold_id, outcome in outcomes.items() if isinstance(outcome, Held)}
    async with database.connection() as connection:
        kept = await value(connection, "SELECT array_agg(id) FROM capacity_holds")
        told = await value(
            connection, "SELECT array_agg(subject_id) FROM journal_events WHERE name = 'hold.placed'"
        )
        left = (await accounts(connection, [hot]))[hot]
    assert set(kept) == acknowledged
    assert sorted(told) == sorted(kept), "each hold was placed and told of exactly once"
    assert left.free == 0
    await _agree(database)
