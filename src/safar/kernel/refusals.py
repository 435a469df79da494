"""One request of a batch is refused without undoing the others."""

from collections.abc import Awaitable, Callable, Sequence
from functools import wraps
from typing import Any, TypeVar

from safar.kernel.connection import Connection
from safar.kernel.database import transaction
from safar.kernel.errors import Interrupted, Overloaded, SafarError

Request = TypeVar("Request")
Outcome = TypeVar("Outcome")
Plural = Callable[[Connection, Sequence[Request]], Awaitable[list[Outcome]]]


def refused(error: SafarError) -> Any:
    """Return the outcome of a request that a plural verb refuses: its caller alone gets `error` raised.

    Raised by the verb itself the error would undo what all the others of the batch asked for.
    """
    return error


def only(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the outcome of the one request that a verb was given; raise the error if it is refused."""
    (outcome,) = outcomes
    if isinstance(outcome, SafarError):
        raise outcome
    return outcome


def refusing(verb: Plural[Request, Outcome]) -> Plural[Request, Outcome]:
    """Make of a verb that raises for one request a verb that refuses it, all in the same transaction.

    The batch is tried behind a savepoint, and only when it fails each request behind one of its own: two
    trips more, for what staff do. What is promised to be fast decides first and returns `refused`.
    """

    async def behind_savepoint(connection: Connection, requests: Sequence[Request]) -> list[Outcome]:
        async with transaction(connection):
            return await verb(connection, requests)

    @wraps(verb)
    async def plural(connection: Connection, requests: Sequence[Request]) -> list[Outcome]:
        try:
            return await behind_savepoint(connection, requests)
        except (Overloaded, Interrupted):  # nothing is wrong with a request
            raise
        except SafarError as error:
            if len(requests) == 1:
                return [refused(error)]
        outcomes: list[Outcome] = []
        for request in requests:
            try:
                outcomes += await behind_savepoint(connection, [request])
            except (Overloaded, Interrupted):
                raise
            except SafarError as error:
                outcomes.append(refused(error))
        return outcomes

    return plural
