"""How the cost of buying grows: with units, variants, buyers, front processes, and with a second node."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from safar.app import when_answering
from safar.bench.buying import ITEMS as PRODUCTS
from safar.bench.buying import admitted, buy, buy_body, buy_spread, fill_warehouse, hot, running, stocked
from safar.bench.settings import bench_settings
from safar.bench.workplace import workplace
from safar.kernel.account import account, own_folder
from safar.kernel.context import Context, make_context
from safar.kernel.ports import reserve_port
from safar.kernel.postgres import EmbeddedPostgres
from safar.kernel.secrets import secret_key
from safar.serve import Supervisor
from safar.settings import Settings

_BUYERS_A_SECOND = 2500
_NET = "10.213"
_NAMESPACES = ("safar-one", "safar-two")


async def measure(seconds: float) -> dict[str, Any]:
    """Return outcomes/s by front processes, buyers at once, variants and units; and of two nodes."""
    buyers = int(_BUYERS_A_SECOND * seconds)
    processes = {str(count): await _with_processes(count, buyers) for count in (1, 2, 4)}
    return {
        "bench": "scale",
        "front_processes": processes,
        **await _with_one(buyers),
        "two_nodes": await _two_nodes(buyers),
    }


async def _with_processes(count: int, buyers: int) -> int:
    with workplace() as folder:
        settings = bench_settings(Path(folder)).model_copy(update={"front_processes": count})
        async with running(settings) as context:
            ids = await stocked(context)
            passes = await admitted(settings.front_port, 64)
            await hot(context, settings.front_port, ids, passes, 500)
            return round((await hot(context, settings.front_port, ids, passes, buyers)).per_s)


async def _with_one(buyers: int) -> dict[str, Any]:
    """Vary one thing at a time on one front process."""
    with workplace() as folder:
        async with running(bench_settings(Path(folder))) as context:
            ids = await stocked(context)
            port = context.settings.front_port
            await hot(context, port, ids, await admitted(port, 64), 500)
            at_once, variants, units = {}, {}, {}
            for count in (1, 16, 64, 256):
                passes = await admitted(port, count)
                share = buyers if count > 1 else buyers // 8
                at_once[str(count)] = round((await hot(context, port, ids, passes, share)).per_s)
            passes = await admitted(port, 64)
            for count in (10, 100, 1000):
                variants[str(count)] = round(
                    (await buy_spread(context, port, ids[: count + 2], passes, buyers)).per_s
                )
            for count in (100, 10_000, 1_000_000):
                await fill_warehouse(context, ids[:1], count)
                units[str(count)] = round((await _all_sold(port, passes, buyers)).per_s)
            return {"buyers_at_once": at_once, "variants": variants, "units_on_hand": units}


async def _all_sold(port: int, passes: list[str], buyers: int) -> Any:
    return await buy(port, passes, (buy_body(PRODUCTS[0].sku) for _ in range(buyers)))


async def _two_nodes(buyers: int) -> dict[str, Any]:
    """Run two fronts, each in a network namespace of its own, against one PostgreSQL outside of both."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return {"skipped": "network namespaces need root and iproute2"}
    with (
        workplace() as folder,
        _Namespaces(),
    ):
        path = Path(folder)
        hosts = [f"{_NET}.{number}.2" for number in (1, 2)]
        port, front_port = reserve_port(), reserve_port()
        async with _database(path, port) as (settings, context):
            ids = await stocked(context)
            nodes = [
                await _node(name, f"{_NET}.{number}", port, settings, front_port)
                for number, name in enumerate(_NAMESPACES, 1)
            ]
            try:
                return {
                    "one_node": await _round(context, ids, front_port, hosts[:1], buyers),
                    "two_nodes": await _round(context, ids, front_port, hosts, buyers),
                }
            finally:
                for node in nodes:
                    node.terminate()
                await asyncio.gather(*(node.wait() for node in nodes))


async def _round(context: Context, ids: list[UUID], port: int, hosts: list[str], buyers: int) -> int:
    passes = await admitted(port, 64, hosts=hosts)
    await fill_warehouse(context, ids[:1], buyers // 2)
    bodies = (buy_body(PRODUCTS[0].sku) for _ in range(buyers))
    return round((await buy(port, passes, bodies, hosts=hosts)).per_s)


@asynccontextmanager
async def _database(folder: Path, port: int) -> AsyncIterator[tuple[Settings, Context]]:
    """Run PostgreSQL, console and worker here; the database listens to both namespaces too."""
    settings = bench_settings(folder)
    own_folder(folder, account())
    addresses = ",".join(f"{_NET}.{number}.1" for number in (1, 2))
    postgres = EmbeddedPostgres(folder / "postgres", listen=addresses, port=port)
    postgres.start()
    with (folder / "postgres" / "data" / "pg_hba.conf").open("a") as rules:
        rules.write(f"host all postgres {_NET}.0.0/16 trust\n")
    supervisor = Supervisor(settings.model_copy(update={"database_url": postgres.url()}))
    try:
        await supervisor.start("owner@bench.example")
        context = make_context(settings, postgres.url())
        await context.database.open()
        try:
            async with context.database.connection() as connection:
                await connection.execute("SELECT pg_reload_conf()")
            yield settings, context
        finally:
            await context.database.close()
    finally:
        await supervisor.stop()
        postgres.stop()


async def _node(
    namespace: str, net: str, port: int, settings: Settings, front_port: int
) -> asyncio.subprocess.Process:
    """Start a front in a namespace, as on a machine of its own: it reaches the database by the network."""
    environment = {
        **os.environ,
        "SAFAR_DATABASE_URL": f"postgresql://postgres@{net}.1:{port}/postgres",
        "SAFAR_FRONT_HOST": f"{net}.2",
        "SAFAR_FRONT_PORT": str(front_port),
        "SAFAR_SECRET_KEY": secret_key(settings),
        "SAFAR_SITE_CAPACITY": "1000000",
        "SAFAR_LOG_LEVEL": "CRITICAL",
    }
    node = await asyncio.create_subprocess_exec(
        "ip", "netns", "exec", namespace, sys.executable, "-m", "safar", "run", "front", env=environment
    )
    await when_answering(f"{net}.2", front_port)
    return node


class _Namespaces:
    """Two network namespaces, each joined to here by a pair of virtual cables; gone afterwards."""

    def __enter__(self) -> None:
        for number, name in enumerate(_NAMESPACES, 1):
            here, there, net = f"safar{number}a", f"safar{number}b", f"{_NET}.{number}"
            for command in (
                f"ip netns add {name}",
                f"ip link add {here} type veth peer name {there}",
                f"ip link set {there} netns {name}",
                f"ip addr add {net}.1/24 dev {here}",
                f"ip link set {here} up",
                f"ip netns exec {name} ip addr add {net}.2/24 dev {there}",
                f"ip netns exec {name} ip link set {there} up",
                f"ip netns exec {name} ip link set lo up",
            ):
                subprocess.run(command.split(), check=True, capture_output=True)

    def __exit__(self, *_error: object) -> None:
        for name in _NAMESPACES:
            subprocess.run(f"ip netns delete {name}".split(), check=False, capture_output=True)
