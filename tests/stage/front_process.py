"""A front of its own process, for tests that kill it: give it the database URL and a port."""

import asyncio
import sys

from safar.kernel.context import make_context
from safar.kernel.web.server import http_server
from safar.settings import Settings
from tests.stage.gate import build_shop


async def main(url: str, port: int) -> None:
    context = make_context(Settings(secret_key="only-for-tests", gate_work_percent=100), url)  # type: ignore[arg-type]
    await context.database.open()
    await http_server(build_shop(context), "127.0.0.1", port).serve()


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
