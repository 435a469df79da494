"""`safar privacy`: the same on the machine itself, where nobody is signed in."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from psycopg_pool import PoolTimeout

from safar.kernel.context import Context, make_context
from safar.kernel.database import Connection
from safar.kernel.errors import SafarError
from safar.privacy.keeping import forget_all
from safar.privacy.pages import as_file
from safar.privacy.people import counted, erase, export, find_person
from safar.settings import Settings

T = TypeVar("T")


async def exported_person(settings: Settings, url: str, named: str) -> str:
    """Return all that is kept of whoever has this number or address, as JSON. Raises RuntimeError."""

    async def work(connection: Connection) -> str:
        return as_file(await export(connection, await find_person(connection, named), staff_id=None)).decode()

    return await _run(settings, url, lambda context: _in_transaction(context, work))


async def erased(settings: Settings, url: str, named: str) -> list[str]:
    """Take away who somebody is; return what changed. Raises RuntimeError."""

    async def work(connection: Connection) -> list[str]:
        customer_id = await find_person(connection, named)
        years = settings.order_years
        return list(counted(await erase(connection, customer_id, staff_id=None, order_years=years)))

    return await _run(settings, url, lambda context: _in_transaction(context, work))


async def forgotten(settings: Settings, url: str) -> list[str]:
    """Forget at once what is kept longer than declared; return what went. Raises RuntimeError."""
    return list(counted(await _run(settings, url, lambda c: forget_all(c.database, settings))))


async def _in_transaction(context: Context, work: Callable[[Connection], Awaitable[T]]) -> T:
    async with context.database.transaction() as connection:
        return await work(connection)


async def _run(settings: Settings, url: str, work: Callable[[Context], Awaitable[T]]) -> T:
    context = make_context(settings, url)
    try:
        await context.database.open()
    except PoolTimeout:
        raise RuntimeError("The database does not answer. Start `safar serve` first.") from None
    try:
        return await work(context)
    except SafarError as error:
        raise RuntimeError(str(error)) from None
    finally:
        await context.database.close()
