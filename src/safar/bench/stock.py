"""Every page of the stock room with 50,000 variants and five million moves: by HTTP, beside its bare queries.

The limit of a page is the time of its own statements, taken down from one reading of the page and sent again
by a bare client, one after another: what the database alone would need.
"""

import os
import re
import secrets
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, cast
from uuid import UUID

import httpx
import psycopg

from safar.bench.buying import running
from safar.bench.settings import bench_settings
from safar.bench.workplace import workplace
from safar.console.build import build_console
from safar.kernel import clock
from safar.kernel.context import Context, make_context
from safar.kernel.database import Connection, execute, value
from safar.kernel.ids import new_id
from safar.kernel.queries import queries_beside
from safar.kernel.secrets import token_hash
from safar.stock.actions import recount_levels
from safar.stock.counts.actions import LINES_MAX
from safar.stock.model import CUSTOMER, MAIN, SUPPLIER
from safar.stock.replenish.actions import open_run
from safar.stock.replenish.book import count_demand
from safar.stock.replenish.jobs import calculate
from safar.stock.replenish.review import review_all, terms_of
from safar.team.attempts import QUERIES
from safar.team.layer import COOKIE

FILL = queries_beside(__file__, "stock.sql")
_VARIANTS = int(os.environ.get("SAFAR_BENCH_VARIANTS", "50000"))
_MOVES = int(os.environ.get("SAFAR_BENCH_MOVES", "5000000"))
_MOVES_AT_ONCE = 500_000
_READINGS = 30
_LINK = re.compile(r'href="([^"]*[?&](?:before|after|page)=[^"]+)"')
_TARGET_MS = 100.0


@dataclass(slots=True)
class TimedPage:
    """A page and how long it took (seconds): over HTTP, and its statements alone."""

    name: str
    path: str
    status: int = 0
    kilobytes: float = 0.0
    taken: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)


class Recording(psycopg.AsyncCursor[Any]):
    """A cursor that takes down what is sent through it."""

    sent: ClassVar[list[tuple[Any, Any]]] = []

    async def execute(self, query: Any, params: Any = None, **options: Any) -> "Recording":
        """Send a statement as always, and keep it."""
        self.sent.append((query, params))
        return await super().execute(query, params, **options)


async def measure(_seconds: float) -> dict[str, Any]:
    """Return p50 and p95 in milliseconds of each page beside its limit; `seconds` is not used."""
    with workplace() as folder:
        async with running(bench_settings(Path(folder))) as context:
            filled_s = await _timed(lambda: fill(context))
            work = await _background(context)
            pages = await _pages(context)
            await _read(context, pages)
            async with context.database.connection() as connection:
                wrong = await _wrong_levels(connection)
            slowest = max(pages, key=lambda page: _p95(page.taken))
            return {
                "bench": "stock",
                "variants": _VARIANTS,
                "moves": _MOVES,
                "fill_s": filled_s,
                **work,
                "pages": {page.name: _figures(page) for page in pages},
                "books_wrong": wrong,
                "slowest": slowest.name,
                "slowest_p95_ms": _ms(_p95(slowest.taken)),
                "targets": {"slowest_p95_ms": _TARGET_MS, "books_wrong": 0},
            }


async def fill(context: Context) -> None:
    """Write the articles, places, moves and papers of a middling company."""
    numbers = {
        "variants": _VARIANTS,
        "moves": _MOVES,
        "now": clock.now(),
        "main": MAIN,
        "customer": CUSTOMER,
        "supplier": SUPPLIER,
        "count_lines": LINES_MAX,
    }
    async with await Connection.connect(
        context.database.url, autocommit=True, prepare_threshold=None
    ) as connection:
        await connection.execute(FILL["fast"])
        for name in ("products", "variants", "locations"):
            await execute(connection, FILL[name], numbers)
        for first in range(1, _MOVES + 1, _MOVES_AT_ONCE):
            last = min(first + _MOVES_AT_ONCE - 1, _MOVES)
            await execute(connection, FILL["moves"], {**numbers, "first": first, "last": last})
        for name in ("levels", "deliveries", "accounts", "suppliers", "items", "purchases", "transfers"):
            await execute(connection, FILL[name], numbers)
        for name in ("counts", "lots"):
            await execute(connection, FILL[name], numbers)
        await connection.execute(FILL["settle"])
        await connection.execute(FILL["done"])


async def _background(context: Context) -> dict[str, Any]:
    """Return what the nightly work took, in seconds, and how much it found."""
    counted_s = await _timed(lambda: count_demand(context.database))
    run_id = UUID(int=1)
    async with context.database.transaction() as connection:
        await open_run(connection, run_id, staff_id=None)
    night_s = await _timed(lambda: calculate(context, run_id))
    reviewed_s = await _timed(lambda: review_all(context.database, terms_of(context.settings)))
    async with context.database.connection() as connection:
        await connection.execute("VACUUM ANALYZE")
        forecasts = await value(connection, "SELECT count(*) FROM stock_forecasts")
        low = await value(connection, "SELECT count(*) FROM stock_suggestions")
    return {
        "count_demand_s": counted_s,
        "night_s": night_s,
        "review_all_s": reviewed_s,
        "forecasts": forecasts,
        "low": low,
    }


async def _pages(context: Context) -> list[TimedPage]:
    """Return the pages to read; of lists also the next page, which the page itself links to."""
    hot, quiet = (f"20000000-0000-7000-8000-{number:012x}" for number in (0, _VARIANTS * 3 // 4))
    pages = [
        TimedPage("levels", "/stock"),
        TimedPage("levels, low", "/stock?only=low"),
        TimedPage("levels, out", "/stock?only=out"),
        TimedPage("search, one article", "/stock?q=S000123"),
        TimedPage("search, a word", "/stock?q=mug"),
        TimedPage("search, two words", "/stock?q=red+mug"),
        TimedPage("scan", "/stock/find?q=2000000000042"),
        TimedPage("article, hot", f"/stock/{hot}"),
        TimedPage("article, quiet", f"/stock/{quiet}"),
        TimedPage("demand, hot", f"/stock/{hot}/demand"),
        TimedPage("demand, quiet", f"/stock/{quiet}/demand"),
        TimedPage("moves", "/stock/moves"),
        TimedPage("what to buy", "/stock/suggestions"),
        TimedPage("what to buy, one supplier", "/stock/suggestions/40000000-0000-7000-8000-000000000001"),
        TimedPage("purchases", "/stock/purchases"),
        TimedPage("purchases, received", "/stock/purchases?state=received"),
        TimedPage("purchase", "/stock/purchases/50000000-0000-7000-8000-000000004e1f"),
        TimedPage("suppliers", "/stock/suppliers"),
        TimedPage("supplier", "/stock/suppliers/40000000-0000-7000-8000-000000000001"),
        TimedPage("transfers", "/stock/transfers"),
        TimedPage("transfer", "/stock/transfers/60000000-0000-7000-8000-000000001387"),
        TimedPage("counts", "/stock/counts"),
        TimedPage("count", "/stock/counts/70000000-0000-7000-8000-00000000000a"),
        TimedPage("lots", "/stock/lots"),
        TimedPage("locations", "/stock/locations"),
        TimedPage("location", "/stock/locations/30000000-0000-7000-8000-000000000001"),
        TimedPage("who is told", "/stock/watchers"),
        TimedPage("today", "/"),
    ]
    async with await _client(context) as client:
        for page in list(pages):
            text = (await client.get(page.path)).text
            link = next(
                (found for found in _LINK.findall(text) if "before=" in found or "after=" in found), None
            )
            if link is None:
                link = next((found for found in _LINK.findall(text) if "page=2" in found), None)
            if link:
                path = page.path.partition("?")[0]
                pages.append(TimedPage(f"{page.name}, next page", _joined(path, link.replace("&amp;", "&"))))
    return pages


def _joined(path: str, link: str) -> str:
    return link if link.startswith("/") else f"{path}{link}"


async def _read(context: Context, pages: Sequence[TimedPage]) -> None:
    """Read all pages thirty times in turn, each followed by its bare statements; the first does not count."""
    sent = await _statements(context, pages)
    async with (
        await _client(context) as client,
        await Connection.connect(context.database.url, autocommit=True, prepare_threshold=None) as connection,
    ):
        for reading in range(_READINGS + 1):
            for page in pages:
                start = time.perf_counter()
                answer = await client.get(page.path)
                middle = time.perf_counter()
                await _replay(connection, sent[page.name])
                if reading:
                    page.taken.append(middle - start)
                    page.bare.append(time.perf_counter() - middle)
                page.status, page.kilobytes = answer.status_code, len(answer.content) / 1024


async def _replay(connection: Connection, sent: Sequence[tuple[Any, Any]]) -> None:
    for query, params in sent:
        cursor = await connection.execute(query, params)
        if cursor.description:
            await cursor.fetchall()


async def _statements(context: Context, pages: Sequence[TimedPage]) -> dict[str, list[tuple[Any, Any]]]:
    """Return the statements of each page, read once in this process through cursors that keep them."""
    own = make_context(context.settings, context.database.url)
    pool = own.database._pool  # the only place that has to know how a page's statements are made
    pool.kwargs = {**cast("dict[str, Any]", pool.kwargs), "cursor_factory": Recording}
    await own.database.open()
    found: dict[str, list[tuple[Any, Any]]] = {}
    try:
        transport = httpx.ASGITransport(build_console(own))
        async with await _client(context, transport=transport) as client:
            for page in pages:
                Recording.sent.clear()
                await client.get(page.path)
                found[page.name] = list(Recording.sent)
    finally:
        await own.database.close()
    return found


async def _client(context: Context, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """Return a client of the console, signed in as an owner made for this."""
    settings, now = context.settings, clock.now()
    staff = {
        "id": new_id(),
        "email": f"{secrets.token_hex(4)}@bench.example",
        "name": "Bench",
        "role": "owner",
        "password_hash": "none",
        "now": now,
    }
    token = secrets.token_urlsafe(32)
    session = {
        "token_hash": token_hash(token),
        "staff_id": staff["id"],
        "now": now,
        "expires_at": now + timedelta(hours=6),
    }
    async with context.database.transaction() as connection:
        await execute(connection, QUERIES["insert_staff"], staff)
        await execute(connection, "UPDATE staff SET must_change_password = false WHERE id = %(id)s", staff)
        await execute(connection, QUERIES["insert_session"], session)
    base = f"http://{settings.console_host}:{settings.console_port}"
    return httpx.AsyncClient(base_url=base, cookies={COOKIE: token}, transport=transport, timeout=120)


async def _wrong_levels(connection: Connection) -> int:
    """Return how many levels are not the sum of their moves; over all moves that takes its time."""
    await connection.execute("SET statement_timeout = 0")
    return len(await recount_levels(connection))


async def _timed(work: Callable[[], Awaitable[object]]) -> float:
    start = time.perf_counter()
    await work()
    return round(time.perf_counter() - start, 1)


def _figures(page: TimedPage) -> dict[str, Any]:
    bare, taken = statistics.median(page.bare), statistics.median(page.taken)
    return {
        "status": page.status,
        "kb": round(page.kilobytes),
        "p50_ms": _ms(taken),
        "p95_ms": _ms(_p95(page.taken)),
        "limit_ms": _ms(bare),
        "limit_p95_ms": _ms(_p95(page.bare)),
        "ratio_to_limit": round(bare / taken, 3),
    }


def _p95(seconds: Sequence[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1]


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
