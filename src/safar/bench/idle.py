"""What `safar serve` costs when nobody is there: memory of all its processes, and the time to start."""

import asyncio
import os
import time
from pathlib import Path
from typing import Any

from safar.bench.settings import bench_settings
from safar.bench.workplace import workplace
from safar.serve import Supervisor

_SETTLE_S = 8.0


async def measure(_seconds: float) -> dict[str, Any]:
    """Return seconds to ready at the first and the second start, and megabytes when idle (PSS).

    Memory that processes share is counted once, in shares. `seconds` is not used: one look is enough.
    """
    with workplace() as folder:
        first_s, _megabytes = await _started(Path(folder), settle_s=0)
        second_s, megabytes = await _started(Path(folder), settle_s=_SETTLE_S)
    return {
        "bench": "idle",
        "first_start_s": round(first_s, 1),
        "second_start_s": round(second_s, 1),
        "megabytes": megabytes,
        "megabytes_in_all": round(sum(megabytes.values())),
        "targets": {"second_start_s": 6, "megabytes_in_all": 400},
    }


async def _started(folder: Path, *, settle_s: float) -> tuple[float, dict[str, float]]:
    supervisor = Supervisor(bench_settings(folder))
    begin = time.monotonic()
    try:
        await supervisor.start("owner@bench.example")
        ready_s = time.monotonic() - begin
        await asyncio.sleep(settle_s)
        roles = {role: list(supervisor.pids(role)) for role in ("front", "console", "worker", "postgres")}
        megabytes = {role: sum(map(_tree_megabytes, pids)) for role, pids in roles.items()}
        megabytes["supervisor"] = _megabytes(os.getpid())
        return ready_s, {role: round(size, 1) for role, size in megabytes.items()}
    finally:
        await supervisor.stop()


def _tree_megabytes(pid: int) -> float:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return _megabytes(pid) + sum(_megabytes(int(child)) for child in children)


def _megabytes(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0
