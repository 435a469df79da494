"""A durable PostgreSQL of the bench's own, so that a measurement touches nobody's data."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from safar.kernel.context import Context, make_context
from safar.kernel.memory import settle_memory
from safar.kernel.migrate import migrate
from safar.kernel.postgres import EmbeddedPostgres
from safar.settings import Settings


@asynccontextmanager
async def bench_context(**overrides: object) -> AsyncIterator[Context]:
    """Yield a context over a fresh database: fsync on, at `SAFAR_DATABASE_URL` when that is set."""
    with tempfile.TemporaryDirectory(prefix="safar-bench-", ignore_cleanup_errors=True) as folder:
        settings = Settings(data_dir=Path(folder), **overrides)  # type: ignore[arg-type]
        server = EmbeddedPostgres(Path(folder) / "postgres")
        server.start()
        try:
            migrate(server.url())
            context = make_context(settings, server.url())
            await context.database.open()
            settle_memory()
            try:
                yield context
            finally:
                await context.batchers.drained()
                await context.database.close()
        finally:
            server.stop()
