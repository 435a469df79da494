"""A state machine drives the ledger on real PostgreSQL beside a separate model (DESIGN section 7, 1 to 3)."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

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
from safar.capacity.model import Held, HoldRequest, Mismatch, Refused
from safar.kernel import clock
from safar.kernel.database import Connection, Database
from safar.kernel.ids import new_id
from safar.settings import Settings
from tests.stage.ledger import ModelLedger

T = TypeVar("T")
_Wanted = tuple[tuple[int, bool] | None, dict[int, int], int]
_ACCOUNTS = 4
_START = datetime(2026, 3, 20, tzinfo=UTC)
_names = itertools.count()

_age = st.integers(0, 9)  # which of the example's holds, counted back from the newest; 9: none of them
# A hold's id is mostly a new one; an old one comes again with the same lines or with others.
_again = st.tuples(_age, st.booleans())
_new_or_old = st.one_of(st.none(), st.none(), _again)
_account = st.sampled_from([*list(range(_ACCOUNTS)) * 4, _ACCOUNTS])  # the last does not exist
_lines = st.dictionaries(_account, st.integers(1, 4), min_size=1, max_size=3)
_stock = st.one_of(st.integers(0, 4), st.integers(10, 40), st.integers(10, 40))
_minutes = st.integers(0, 20)
_holds = st.lists(st.tuples(_new_or_old, _lines, _minutes), min_size=1, max_size=5)
_ages = st.lists(_age, min_size=1, max_size=5)


class _World:
    """One event loop and one database for all examples."""

    def __init__(self, url: str) -> None:
        self._runner = asyncio.Runner()
        self._database = Database(url, Settings(pool_min=1, pool_max=2))
        self._runner.run(self._database.open())

    def transaction(self, now: datetime, work: Callable[[Connection], Awaitable[T]]) -> T:
        async def run() -> T:
            with clock.held(now):
                async with self._database.transaction() as connection:
                    return await work(connection)

        return self._runner.run(run())

    def close(self) -> None:
        self._runner.run(self._database.close())
        self._runner.close()


class Ledger(RuleBasedStateMachine):
    world: _World

    @initialize(
        stocks=st.lists(
            st.tuples(_stock, st.sampled_from([0, 0, 2])), min_size=_ACCOUNTS, max_size=_ACCOUNTS
        ),
        first=st.lists(st.tuples(st.none(), _lines, _minutes), min_size=6, max_size=10),
    )
    def open(self, stocks: list[tuple[int, int]], first: list[_Wanted]) -> None:
        self.now = _START
        self.model = ModelLedger()
        self.ids = [new_id()]  # the first is not held until it is asked for as an old one

        async def work(connection: Connection) -> list[int]:
            opened = [
                await open_account(connection, "test", f"{next(_names)}", backorder=backorder)
                for _on_hand, backorder in stocks
            ]
            await change_many(
                connection,
                [OnHandChange(id, on_hand) for id, (on_hand, _) in zip(opened, stocks, strict=True)],
            )
            return opened

        opened = self.world.transaction(self.now, work)
        for account, (on_hand, backorder) in zip(opened, stocks, strict=True):
            self.model.on_hand[account] = on_hand
            self.model.backorder[account] = backorder
        self.accounts = [*opened, -1]  # the last does not exist
        self.hold(first)

    def hold(self, wanted: list[_Wanted]) -> None:
        asked = []
        for again, drawn, minutes in wanted:
            hold_id = self._new_id() if again is None else self._id(again[0])
            lines = {self.accounts[account]: quantity for account, quantity in drawn.items()}
            if again and again[1] and hold_id in self.model.holds:
                lines = dict(self.model.holds[hold_id].lines)
            asked.append((hold_id, lines, self.now + timedelta(minutes=minutes)))
        requests = [
            HoldRequest(hold_id=hold_id, lines=lines, expires_at=until, purpose="test")
            for hold_id, lines, until in asked
        ]
        outcomes = self.world.transaction(self.now, lambda connection: hold_many(connection, requests))
        assert [outcome.hold_id for outcome in outcomes] == [request.hold_id for request in requests]
        assert [_said(outcome) for outcome in outcomes] == self.model.hold(asked)

    @rule(wanted=_holds)
    def hold_more(self, wanted: list[_Wanted]) -> None:
        self.hold(wanted)

    def _new_id(self) -> UUID:
        self.ids.append(new_id())
        return self.ids[-1]

    def _id(self, age: int) -> UUID:
        held = list(self.model.holds)
        return held[-1 - age % len(held)] if held and age < 9 else self.ids[0]

    @rule(ages=_ages, how=st.sampled_from(["claimed", "released"]))
    def end(self, ages: list[int], how: str) -> None:
        ids = [self._id(age) for age in ages]
        verb = claim_many if how == "claimed" else release_many
        ended = self.world.transaction(self.now, lambda connection: verb(connection, ids))
        assert [end.hold_id for end in ended] == ids
        assert [(end.state, end.changed) for end in ended] == self.model.end(ids, how, self.now)

    @rule(wanted=st.lists(st.tuples(_age, _minutes), min_size=1, max_size=5))
    def extend(self, wanted: list[tuple[int, int]]) -> None:
        asked = [(self._id(age), self.now + timedelta(minutes=minutes)) for age, minutes in wanted]
        extensions = [Extension(hold_id, until) for hold_id, until in asked]
        ended = self.world.transaction(self.now, lambda connection: extend_many(connection, extensions))
        assert [(end.state, end.expires_at) for end in ended] == self.model.extend(asked, self.now)

    @rule(
        changes=st.lists(st.tuples(st.integers(0, _ACCOUNTS - 1), st.integers(-4, 4)), min_size=1, max_size=4)
    )
    def change(self, changes: list[tuple[int, int]]) -> None:
        asked = [(self.accounts[account], quantity) for account, quantity in changes]
        try:
            after = self.world.transaction(
                self.now,
                lambda connection: change_many(connection, [OnHandChange(*change) for change in asked]),
            )
        except BelowPromised:
            assert not self.model.change(asked)
        else:
            assert self.model.change(asked)
            for account in after:
                assert account.on_hand == self.model.on_hand[account.id]

    @rule(minutes=st.integers(1, 12), sweep=st.booleans())
    def time_passes(self, minutes: int, sweep: bool) -> None:
        self.now += timedelta(minutes=minutes)
        if sweep:
            assert self.world.transaction(self.now, expire_due) == self.model.expire(self.now)

    def teardown(self) -> None:
        """Leave nothing due to the next example."""
        if hasattr(self, "ids"):
            self.world.transaction(self.now, lambda connection: release_many(connection, self.ids))

    @invariant()
    def the_books_agree(self) -> None:
        if not hasattr(self, "accounts"):
            return

        async def look(connection: Connection) -> tuple[Any, ...]:
            found = await accounts(connection, self.accounts)
            wrong = await recount_accounts(connection)
            states = await connection.execute(
                "SELECT id, state, expires_at, (ended_at IS NULL) FROM capacity_holds WHERE id = ANY(%s)",
                [self.ids],
            )
            told = await connection.execute(
                "SELECT subject_id, array_agg(name ORDER BY id) FROM journal_events"
                " WHERE subject_id = ANY(%s) AND name <> 'hold.refused' GROUP BY subject_id",
                [self.ids],
            )
            return found, wrong, await states.fetchall(), dict(await told.fetchall())

        found, wrong, states, told = self.world.transaction(self.now, look)
        assert wrong == [], "the figures follow from the holds"
        assert {id: account.on_hand for id, account in found.items()} == self.model.on_hand
        for id, account in found.items():
            assert account.held == self.model.held(id)
            assert account.free >= -account.backorder
        assert {id: (state, until) for id, state, until, _live in states} == {
            id: (hold.ending or "live", hold.expires) for id, hold in self.model.holds.items()
        }
        for id, hold in self.model.holds.items():
            assert told[id] == ["hold.placed"] + ([f"hold.{hold.ending}"] if hold.ending else []), (
                "each hold is told of once, and its end once"
            )


def _said(outcome: Held | Refused | Mismatch) -> tuple[object, ...]:
    if isinstance(outcome, Held):
        return ("held", outcome.expires_at, outcome.replayed)
    return ("refused", dict(outcome.short)) if isinstance(outcome, Refused) else ("mismatch",)


@contextmanager
def _world(url: str) -> Iterator[_World]:
    world = _World(url)
    try:
        yield world
    finally:
        world.close()


@pytest.mark.slow
def test_the_ledger_does_what_its_model_does(database_url: str) -> None:
    with _world(database_url) as world:
        machine = type("LedgerHere", (Ledger,), {"world": world})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=60,
                stateful_step_count=25,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
