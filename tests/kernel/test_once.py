"""Keys of requests: one that is sent again is answered the same, whoever else is asking at that moment."""

import asyncio

import pytest

from safar.kernel.database import Database
from safar.kernel.errors import SameKeyOtherBody
from safar.kernel.ids import new_id
from safar.kernel.once import Asked, Fresh, Known, Reused, keep_many, known_alone, known_many


async def test_what_was_answered_is_answered_again_and_another_body_is_told_apart(database: Database) -> None:
    asked, other, new = Asked(new_id(), [1, "mug"]), Asked(new_id(), 2), Asked(new_id(), 3)
    async with database.transaction() as connection:
        assert await known_many(connection, [asked, other]) == [Fresh(asked.key), Fresh(other.key)]
        keep_many(connection, [(asked, {"number": 7}), (other, {})])
    async with database.transaction() as connection:
        reused = Asked(other.key, "another body")
        assert await known_many(connection, [new, asked, reused]) == [
            Fresh(new.key),
            Known(asked.key, {"number": 7}),
            Reused(other.key),
        ]
        with pytest.raises(SameKeyOtherBody):
            await known_alone(connection, reused)


async def test_of_two_that_ask_at_once_the_second_waits_and_gets_the_answer_of_the_first(
    database: Database,
) -> None:
    asked = Asked(new_id(), "one body")
    done = 0

    async def ask() -> object:
        nonlocal done
        async with database.transaction() as connection:
            outcome = await known_alone(connection, asked)
            if isinstance(outcome, Known):
                return outcome.answer
            done += 1
            keep_many(connection, [(asked, {"number": done})])
            return {"number": done}

    assert await asyncio.gather(*(ask() for _browser in range(5))) == [{"number": 1}] * 5
    assert done == 1
