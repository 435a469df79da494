"""What an installation computes: processor time of its processes, which a busy machine disturbs least.

Read from the scheduler's own account of each thread (Linux: `/proc/PID/task/*/schedstat`).
"""

import os
from collections.abc import Iterator
from pathlib import Path

from safar.serve import Supervisor

ROLES = ("front", "worker", "console", "postgres")
_NS_PER_MS = 1_000_000


def cpu_ms(supervisor: Supervisor) -> dict[str, float]:
    """Return the milliseconds that each role has computed so far; `load` is this process, which asks."""
    spent = {role: sum(map(_tree_ms, supervisor.pids(role))) for role in ROLES}
    return {**spent, "load": _own_ms(os.getpid())}


def per_unit(before: dict[str, float], after: dict[str, float], units: int) -> dict[str, float]:
    """Return the milliseconds by role that each of so many orders or answers cost, and their sum."""
    each = {role: (after[role] - before[role]) / max(units, 1) for role in after}
    return {role: round(ms, 3) for role, ms in {**each, "sum": sum(each.values())}.items()}


def _tree_ms(pid: int) -> float:
    return _ended_children_ms(pid) + sum(map(_own_ms, _tree(pid)))


def _ended_children_ms(pid: int) -> float:
    """Return what children computed that have ended: PostgreSQL's, above all."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0.0
    after_name = stat.rpartition(")")[2].split()
    return (int(after_name[13]) + int(after_name[14])) * 1000 / os.sysconf("SC_CLK_TCK")


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for task in _tasks(pid):
        try:
            children = (task / "children").read_text(encoding="ascii").split()
        except OSError:  # it has ended meanwhile
            continue
        for child in children:
            yield from _tree(int(child))


def _own_ms(pid: int) -> float:
    spent = 0
    for task in _tasks(pid):
        try:
            spent += int((task / "schedstat").read_text(encoding="ascii").split()[0])
        except OSError:
            continue
    return spent / _NS_PER_MS


def _tasks(pid: int) -> list[Path]:
    try:
        return list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return []
