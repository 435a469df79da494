"""A durable PostgreSQL of the bench's own, so that a measurement touches nobody's data."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from safar.bench.workplace import workplace
from safar.kernel.account import account, own_folder
from safar.kernel.context import Context, make_context
from safar.kernel.memory import settle_memory
from safar.kernel.migrate import migrate
from safar.kernel.postgres import EmbeddedPostgres
from safar.settings import Settings


@asynccontextmanager
async def bench_context(*, pool_max: int = 8) -> AsyncIterator[Context]:
    """Yield a context over a fresh, durable PostgreSQL of its own (fsync on), whatever the settings say."""
    with workplace() as folder:
        settings = Settings(data_dir=Path(folder), pool_max=pool_max)
        own_folder(settings.data_dir, account())
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
