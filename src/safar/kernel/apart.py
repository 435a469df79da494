"""Work on files that people hand in, in a process of its own: what it eats or breaks ends with it.

A picture or a workbook of a few kilobytes can unfold to gigabytes or keep a processor busy for minutes, and
the console that took it in has other people to answer.
"""

import asyncio
import importlib
import os
import resource
import sys
from collections.abc import Sequence
from typing import Any

import orjson

from safar.kernel.errors import Overloaded, SafarError
from safar.kernel.ids import new_id
from safar.kernel.log import log

_SECONDS_MAX = 120
_MEMORY_BYTES_MAX = 2 * 1024**3
_OUTPUT_BYTES_MAX = 256 * 1024**2
_AT_ONCE_MAX = 3
# Not the rest: what reads files of strangers needs none of our secrets.
_ENVIRONMENT = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR")
_running: set[str] = set()


class FileTooHard(SafarError):
    """This file takes too long or too much memory to read. Make it smaller, or save it in another format."""

    status = 422
    code = "file_too_hard"


async def apart(function: str, body: bytes, *arguments: str) -> Any:
    """Return what `function` ("module:name", to a JSON-able value) makes of `body` and `arguments`.

    Raises FileTooHard when it takes more than two minutes or two gigabytes, or breaks its process; Overloaded
    when three are at work already.
    """
    if len(_running) >= _AT_ONCE_MAX:
        raise Overloaded
    key = str(new_id())
    _running.add(key)
    try:
        return orjson.loads(await _answer(function, body, arguments))
    finally:
        _running.discard(key)


async def _answer(function: str, body: bytes, arguments: Sequence[str]) -> bytes:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, function, *arguments,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
    )  # fmt: skip
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


def _work(name: str, *arguments: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES_MAX, _MEMORY_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS_MAX, _SECONDS_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(10)  # people wait for the other processes
    module, _sep, function = name.partition(":")
    body = sys.stdin.buffer.read()
    sys.stdout.buffer.write(
        orjson.dumps(getattr(importlib.import_module(module), function)(body, *arguments))
    )


if __name__ == "__main__":
    _work(*sys.argv[1:])
