"""Processes that are kept for small work: what breaks one of them breaks nothing else."""

import asyncio
import os
import resource
import signal
from pathlib import Path

import pytest

from safar.kernel.apart import FileTooHard, Workshop

pytestmark = pytest.mark.finding("security-1")
HERE = "tests.kernel.test_workshop"


def length_of(body: bytes, *more: str) -> list[int]:
    return [len(body), len(more), os.getpid()]


def spin(_body: bytes) -> None:
    while True:
        pass


def grow(_body: bytes) -> int:
    return len(bytearray(2 * 1024**3))


kept: list[bytes] = []


def bloat(_body: bytes) -> int:
    kept.append(b"x" * 200 * 1024**2)
    return len(kept)


def limits_of(_body: bytes) -> list[int]:
    return [resource.getrlimit(resource.RLIMIT_AS)[0], resource.getrlimit(resource.RLIMIT_CPU)[0]]


async def test_a_process_is_used_again() -> None:
    workshop = Workshop(processes=1)
    first = await workshop.run(f"{HERE}:length_of", b"abc", "x", "y")
    again = await workshop.run(f"{HERE}:length_of", b"\n" * 100_000)
    assert (first[:2], again[:2]) == ([3, 2], [100_000, 0])
    assert first[2] == again[2]
    assert workshop.resting == [first[2]]
    await workshop.close()
    assert workshop.resting == []


async def test_an_endless_work_ends_its_process_and_the_next_goes_on() -> None:
    workshop = Workshop(processes=1, cpu_s=0)
    with pytest.raises(FileTooHard):
        await workshop.run(f"{HERE}:spin", b"")
    with pytest.raises(FileTooHard):
        await workshop.run("no.such.module:thing", b"")
    assert (await workshop.run(f"{HERE}:length_of", b"abc"))[0] == 3
    await workshop.close()


async def test_memory_is_limited_and_given_back() -> None:
    workshop = Workshop(processes=1)
    with pytest.raises(FileTooHard):
        await workshop.run(f"{HERE}:grow", b"")
    memory, _cpu = await workshop.run(f"{HERE}:limits_of", b"")
    assert memory == 1024**3
    await workshop.run(f"{HERE}:bloat", b"")
    assert workshop.resting == [], "one that has grown is not kept"
    await workshop.close()


async def test_without_work_none_is_kept() -> None:
    workshop = Workshop(processes=2, idle_s=0.0)
    await asyncio.gather(*(workshop.run(f"{HERE}:length_of", b"") for _ in range(4)))
    for _ in range(100):
        await asyncio.sleep(0)
    assert workshop.resting == []
    await workshop.close()


def die_once(_body: bytes, marker: str) -> int:
    if not os.path.exists(marker):
        with open(marker, "w"):
            os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


async def test_work_whose_process_ended_for_another_reason_is_done_once_more(tmp_path: Path) -> None:
    workshop = Workshop(processes=1)
    (before,) = (await workshop.run(f"{HERE}:length_of", b""))[2:]
    assert await workshop.run(f"{HERE}:die_once", b"", str(tmp_path / "died")) != before
    await workshop.close()
