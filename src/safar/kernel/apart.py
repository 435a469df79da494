"""Untrusted files are read in a separate process, so that memory, time and crashes stay inside it.

A picture or a workbook of a few kilobytes can unfold to gigabytes or keep a processor busy for minutes, and
the console that took it in has other people to answer.
"""

import asyncio
import contextlib
import importlib
import os
import resource
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from safar.kernel.errors import Overloaded, SafarError
from safar.kernel.ids import new_id
from safar.kernel.log import log

_SECONDS_MAX = 120
_MEMORY_BYTES_MAX = 2 * 1024**3
_MEMORY_BYTES_LEAST = 512 * 1024**2  # a large picture and its smaller copies
_MEMORY_SHARE = 0.5  # of what the machine has, for all that work at once
_OUTPUT_BYTES_MAX = 256 * 1024**2
_AT_ONCE_MAX = 3
_KEPT_BYTES_MAX = 1024**3  # for a process of a workshop, whose pieces of work are small
_TIMES_MAX = 1_000  # a process of a workshop is replaced after so many pieces of work,
_GROWN_BYTES = 150_000_000  # or when it keeps so much memory
# Not the rest: what reads files of strangers needs none of our secrets.
_ENVIRONMENT = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR")
_CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")  # "max" where there is none
_running: set[str] = set()


def memory_limits(total_bytes: int) -> tuple[int, int]:
    """Return (processes at once, bytes for each) for a machine with this much memory.

    Together they have at most half of it; a machine too small for that gets one process that can do its work.
    """
    share = int(total_bytes * _MEMORY_SHARE)
    at_once = max(1, min(_AT_ONCE_MAX, share // _MEMORY_BYTES_LEAST))
    return at_once, max(_MEMORY_BYTES_LEAST, min(_MEMORY_BYTES_MAX, share // at_once))


def _machine_bytes() -> int:
    """Return the memory of this machine, or of the container that we run in."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with contextlib.suppress(OSError, ValueError):
        return min(total, int(_CONTAINER_LIMIT.read_text()))
    return total


class FileTooHard(SafarError):
    """This file takes too long or too much memory to read. Make it smaller, or save it in another format."""

    status = 422
    code = "file_too_hard"


async def apart(function: str, body: bytes, *arguments: str) -> Any:
    """Return what `function` ("module:name", to a JSON-able value) makes of `body` and `arguments`.

    Raises FileTooHard when it takes more than two minutes or its share of the memory, or breaks its process;
    Overloaded when as many as the machine bears (at most three) are at work already.
    """
    at_once, memory_bytes = memory_limits(_machine_bytes())
    if len(_running) >= at_once:
        raise Overloaded
    key = str(new_id())
    _running.add(key)
    try:
        return orjson.loads(await _answer(memory_bytes, function, body, arguments))
    finally:
        _running.discard(key)


async def _answer(memory_bytes: int, function: str, body: bytes, arguments: Sequence[str]) -> bytes:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        __name__,
        str(memory_bytes),
        function,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
    )
    try:
        async with asyncio.timeout(_SECONDS_MAX):
            output, _errors = await process.communicate(body)
    except TimeoutError:
        log.warning("apart.too_long", function=function)
        raise FileTooHard from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0 or len(output) > _OUTPUT_BYTES_MAX:
        log.warning("apart.broken", function=function, status=process.returncode)
        raise FileTooHard
    return output


class Workshop:
    """A pool of processes for small, frequent work; each does one piece at a time.

    A process is started when there is work and none is free, at most `processes` of them, and ended after
    `idle_s` without work: who waits for nothing keeps none. What takes more than `cpu_s` of a processor or
    `memory_bytes`, or breaks its process, ends it, and FileTooHard is raised for that one; what has no answer
    after `wall_s` found no processor free: Overloaded.
    """

    def __init__(
        self,
        *,
        processes: int = 2,
        cpu_s: int = 5,
        wall_s: float = 30.0,
        memory_bytes: int | None = None,
        idle_s: float = 60.0,
    ) -> None:
        self._free = asyncio.Semaphore(processes)
        usual_bytes = min(_KEPT_BYTES_MAX, max(_MEMORY_BYTES_LEAST, memory_limits(_machine_bytes())[1] // 2))
        self._limits = (str(cpu_s), str(memory_bytes or usual_bytes))
        self._wall_s = wall_s
        self._idle_s = idle_s
        self._resting: list[asyncio.subprocess.Process] = []
        self._working: set[asyncio.subprocess.Process] = set()
        self._leaving: list[asyncio.subprocess.Process] = []
        self._ending: asyncio.TimerHandle | None = None
        self._closed = False

    async def run(self, function: str, body: bytes, *arguments: str) -> Any:
        """Return what `function` ("module:name") makes of `body` and `arguments`.

        A process may end for another reason than this work (the machine has no memory left): it is done once
        more by a new one before it is given up. Raises FileTooHard or Overloaded.
        """
        async with self._free:
            try:
                return await self._done(function, body, arguments, fresh=False)
            except (OSError, EOFError, ValueError) as error:
                if self._closed:
                    raise FileTooHard from None
                log.warning("apart.once_more", function=function, error=type(error).__name__)
            try:
                return await self._done(function, body, arguments, fresh=True)
            except (OSError, EOFError, ValueError) as error:
                log.warning("apart.too_hard", function=function, error=type(error).__name__)
                raise FileTooHard from None

    async def _done(self, function: str, body: bytes, arguments: Sequence[str], *, fresh: bool) -> Any:
        self._rest_no_longer()
        process = self._resting.pop() if self._resting and not fresh else await self._started()
        self._working.add(process)
        again = False
        try:
            async with asyncio.timeout(self._wall_s):
                answer, again = await _asked(process, function, body, arguments)
        except TimeoutError:
            log.warning("apart.no_answer", function=function)
            raise Overloaded from None
        finally:
            self._working.discard(process)
            if again:
                self._resting.append(process)
            else:
                await _end(process)
            self._ending = asyncio.get_running_loop().call_later(self._idle_s, self._end_soon)
        return answer

    @property
    def resting(self) -> list[int]:
        """The ids of the processes that wait for work."""
        return [process.pid for process in self._resting]

    async def close(self) -> None:
        """End all processes; work under way gets FileTooHard."""
        self._closed = True
        self._rest_no_longer()
        for process in [*self._resting, *self._working, *self._leaving]:
            await _end(process)
        self._resting.clear()

    def _rest_no_longer(self) -> None:
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None

    def _end_soon(self) -> None:
        self._leaving = [process for process in self._leaving if process.returncode is None]
        for process in self._resting:  # their input ends, so they do
            _hang_up(process)
        self._leaving += self._resting
        self._resting.clear()

    async def _started(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            __name__,
            "--again",
            *self._limits,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
        )


async def _asked(
    process: asyncio.subprocess.Process, function: str, body: bytes, arguments: Sequence[str]
) -> tuple[Any, bool]:
    """Return the answer of a process of the workshop, and whether it takes more work."""
    assert process.stdin is not None
    assert process.stdout is not None
    asked = {"function": function, "arguments": arguments, "bytes": len(body)}
    process.stdin.write(orjson.dumps(asked) + b"\n" + body)
    await process.stdin.drain()
    head = await process.stdout.readexactly(9)
    size = int.from_bytes(head[1:])
    if size > _OUTPUT_BYTES_MAX:
        raise ValueError(size)
    return orjson.loads(await process.stdout.readexactly(size)), head[:1] == b"+"


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    _hang_up(process)
    await process.wait()


def _hang_up(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()


def _work_again(cpu_s: int, memory_bytes: int) -> None:
    """Work on what comes until nothing comes, or until this process has grown or is old."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _soft, cpu_max = resource.getrlimit(resource.RLIMIT_CPU)
    for left in range(_TIMES_MAX - 1, -1, -1):
        asked = sys.stdin.buffer.readline()
        if not asked:
            return
        work = orjson.loads(asked)
        name, _sep, function = work["function"].partition(":")
        body = sys.stdin.buffer.read(work["bytes"])
        module = importlib.import_module(name)  # before the work's own time is counted
        used = resource.getrusage(resource.RUSAGE_SELF)
        resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 1 + cpu_s, cpu_max))
        answer = orjson.dumps(getattr(module, function)(body, *work["arguments"]))
        del body
        again = left > 0 and _resident_bytes() < _GROWN_BYTES
        sys.stdout.buffer.write((b"+" if again else b".") + len(answer).to_bytes(8) + answer)
        sys.stdout.buffer.flush()
        if not again:
            return


def _resident_bytes() -> int:
    """Return the memory that this process has now, 0 when unknown. Its maximum is its parent's at first."""
    try:
        with open("/proc/self/statm") as sizes:
            return int(sizes.read().split()[1]) * resource.getpagesize()
    except OSError:
        return 0


def _work(memory_bytes: int, name: str, *arguments: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS_MAX, _SECONDS_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(10)  # people wait for the other processes
    module, _sep, function = name.partition(":")
    body = sys.stdin.buffer.read()
    sys.stdout.buffer.write(
        orjson.dumps(getattr(importlib.import_module(module), function)(body, *arguments))
    )


if __name__ == "__main__":
    if sys.argv[1] == "--again":
        _work_again(*map(int, sys.argv[2:]))
    else:
        _work(int(sys.argv[1]), *sys.argv[2:])
