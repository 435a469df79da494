"""An event that a reader could not take: staff have it taken again by the real reader, or dismiss it."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from safar.journal.actions import of_staff
from safar.journal.model import Recorded
from safar.journal.subscribe import NotRegistered, Subscriber, ask_again, dismiss, failures, register
from safar.kernel.database import Connection, Database, execute
from safar.kernel.ids import new_id
from tests.stage.journal import events, settled, write

STAFF = UUID(int=7)


class _Taking:
    def __init__(self) -> None:
        self.broken = True
        self.taken: list[int] = []

    async def __call__(self, connection: Connection, given: Sequence[Recorded]) -> None:
        if self.broken:
            raise LookupError("broken")
        self.taken += [event.id for event in given]


@pytest.fixture
async def failed(database: Database) -> tuple[Subscriber, _Taking]:
    """A reader that could not take two events."""
    taking = _Taking()
    subscriber = Subscriber("tester", ("test.happened",), taking)
    async with database.transaction() as connection:
        await register(connection, subscriber)
    await write(database, events(2))
    await settled(database)
    for _try in range(3):
        try:
            await subscriber.step(database)
        except LookupError:
            continue
    async with database.connection() as connection:
        assert len(await failures(connection)) == 2
    return subscriber, taking


@pytest.mark.finding("security-19")
async def test_an_event_is_taken_again_when_staff_ask_and_its_count_falls(
    database: Database, failed: tuple[Subscriber, _Taking]
) -> None:
    subscriber, taking = failed
    async with database.transaction() as connection:
        first, second = sorted(failure.event_id for failure in await failures(connection))
        assert await ask_again(connection, "tester", first, staff_id=STAFF)
    await subscriber.step(database)
    async with database.connection() as connection:
        again = next(one for one in await failures(connection) if one.event_id == first)
    assert (again.tries, again.asked_at, again.event) == (2, None, "test.happened"), "it failed once more"
    taking.broken = False
    await subscriber.step(database)
    assert taking.taken == [], "nobody asked for it again"
    async with database.transaction() as connection:
        assert await ask_again(connection, "tester", first, staff_id=STAFF)
    await subscriber.step(database)
    await subscriber.step(database)
    assert taking.taken == [first]
    async with database.transaction() as connection:
        assert [one.event_id for one in await failures(connection)] == [second]
        assert await dismiss(connection, "tester", second, staff_id=STAFF)
        assert not await dismiss(connection, "tester", second, staff_id=STAFF)
        assert not await ask_again(connection, "tester", second, staff_id=STAFF)
        assert await failures(connection) == []
        audit = [(event.name, event.properties["event"]) for event in await of_staff(connection)]
    assert audit == [("failure.dismissed", second), ("failure.retried", first), ("failure.retried", first)]


@pytest.mark.finding("messages-1")
async def test_a_reader_that_nobody_registered_does_not_read_nothing_in_silence(database: Database) -> None:
    async def take(connection: Connection, given: Sequence[Recorded]) -> None: ...

    stranger = Subscriber(f"stranger {new_id()}", (), take)
    with pytest.raises(NotRegistered):
        await stranger.step(database)
    async with database.transaction() as held:
        await register(held, stranger)
    async with database.transaction() as held:
        await execute(held, "SELECT FROM journal_subscribers FOR UPDATE")
        assert await stranger.step(database) is False, "another worker has it"
