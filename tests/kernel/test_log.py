"""No log says who somebody is, what they wrote, or what opens their order: canaries, and what goes wrong."""

import io
import logging
from collections.abc import AsyncIterator, Iterator, Sequence

import httpx
import psycopg
import pytest
import structlog

from safar.console.build import build_console
from safar.front.build import build_front
from safar.journal.actions import append_many
from safar.journal.line import LineKeeper
from safar.journal.model import Event, Recorded
from safar.journal.subscribe import Subscriber, register
from safar.kernel.context import Context, make_context
from safar.kernel.database import Connection, execute, value
from safar.kernel.ids import new_id
from safar.kernel.log import error_kind, log, processors
from safar.kernel.postgres import EmbeddedPostgres
from tests.stage.serving import Serve

_CANARY = "kanarie"
_PERSON = {
    "name": f"Vera {_CANARY}", "email": f"vera.{_CANARY}@example.com", "phone": f"+44 20 {_CANARY}",
    "address": f"1 {_CANARY} Lane", "city": _CANARY, "postcode": _CANARY, "country": "GB", "provider": "cod",
    "text": f"my secret is {_CANARY}", "code": _CANARY, "password": _CANARY,
}  # fmt: skip
_CAPABILITIES = (
    "/orders/{}", "/orders/{}/invoice.pdf", "/unsubscribe/{}", "/wishlist/{}", "/i/{}", "/c/{}", "/p/{}",
    "/pay/{}", "/search?q={}", "/nowhere/{}",
)  # fmt: skip
_WRITES = (
    "/checkout",
    "/buy",
    "/chat/messages",
    "/chat",
    "/pay/notices/pix/{}",
    "/pay/notices/stripe",
    "/unsubscribe/{}",
)


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Everything that is logged, as it would be written, down to DEBUG; libraries' own lines too."""
    lines = io.StringIO()
    structlog.configure(
        processors=processors(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        logger_factory=structlog.PrintLoggerFactory(lines),
        cache_logger_on_first_use=False,
    )
    yield lines
    structlog.reset_defaults()


@pytest.fixture
async def impatient(context: Context) -> AsyncIterator[Context]:
    """The same shop, which gives a busy row up at once."""
    settings = context.settings.model_copy(
        update={"lock_timeout_ms": 30, "statement_timeout_ms": 300, "batch_deadline_s": 0.3}
    )
    other = make_context(settings, context.database.url)
    await other.database.open()
    yield other
    await other.batchers.drained()
    await other.database.close()


async def _everything(base: str) -> None:
    async with httpx.AsyncClient(base_url=base, timeout=60, headers={"x-request": _CANARY}) as visitor:
        visitor.cookies.set("visitor", _CANARY)
        for path in _CAPABILITIES:
            await visitor.get(path.format(f"{_CANARY}.x"))
        for path in _WRITES:
            for changed in ({}, {"name": f"{_CANARY}\0"}):
                await visitor.post(
                    path.format(_CANARY), json={**_PERSON, **changed, "order_id": str(new_id())}
                )


@pytest.mark.finding("security-16")
async def test_canaries_in_every_field_and_link_are_found_in_no_log(
    impatient: Context, serve: Serve, written: io.StringIO, postgres: EmbeddedPostgres
) -> None:
    front = await serve(build_front(impatient))
    await _everything(front)
    with psycopg.connect(impatient.database.url) as other:  # rows that somebody else keeps
        tables = other.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            other.execute(f'LOCK TABLE "{table}" IN ACCESS EXCLUSIVE MODE')
        await _everything(front)
    with psycopg.connect(impatient.database.url, autocommit=True) as other:  # and a schema that is not ours
        for table in ("orders", "products", "carts", "messages"):
            other.execute(f"ALTER TABLE IF EXISTS {table} RENAME TO {table}_gone")
    await _everything(front)
    async with httpx.AsyncClient(base_url=await serve(build_console(impatient)), timeout=60) as staff:
        await staff.post("/sign-in", data={"email": _PERSON["email"], "password": _CANARY})
    told = written.getvalue()
    assert "request.crashed" in told
    assert "request.busy" in told
    assert _CANARY not in told
    assert _CANARY not in (postgres.directory / "server.log").read_text()


@pytest.mark.finding("security-16")
async def test_a_failed_event_says_its_rule_and_its_place_and_not_what_it_was_about(
    context: Context, written: io.StringIO
) -> None:
    async def doubles(connection: Connection, _events: Sequence[Recorded]) -> None:
        await execute(connection, "CREATE TEMPORARY TABLE once (email text CONSTRAINT once_only UNIQUE)")
        await execute(connection, "INSERT INTO once VALUES (%(e)s), (%(e)s)", {"e": _CANARY})

    async def misses(_connection: Connection, _events: Sequence[Recorded]) -> None:
        raise KeyError(_CANARY)

    readers = [
        Subscriber("doubles", ("test.happened",), doubles),
        Subscriber("misses", ("test.happened",), misses),
    ]
    async with context.database.transaction() as connection:
        for reader in readers:
            await register(connection, reader)
    async with context.database.transaction() as connection:
        await append_many(connection, [Event(name="test.happened")])
    await LineKeeper(context.database).step()
    for reader in readers:
        for _try in range(10):
            try:
                await reader.step(context.database)
            except (KeyError, psycopg.Error):
                continue
    async with context.database.connection() as connection:
        failures = await value(
            connection, "SELECT string_agg(error, ' | ' ORDER BY subscriber) FROM journal_failures"
        )
    assert "UniqueViolation 23505 once_only" in failures
    assert "KeyError" in failures
    assert "test_log.py" in failures  # where to look
    assert _CANARY not in failures + written.getvalue()


@pytest.mark.finding("security-16")
def test_an_exception_is_told_by_kind_and_place_and_cause(written: io.StringIO) -> None:
    try:
        try:
            int(_CANARY)
        except ValueError as error:
            raise LookupError(f"no {_CANARY}") from error
    except LookupError as error:
        log.error("it.broke", exc_info=error)
    told = written.getvalue()
    assert "error=LookupError" in told
    assert "from=ValueError" in told
    assert "test_log.py" in told
    assert _CANARY not in told
    assert error_kind(KeyError(_CANARY)) == "KeyError"
