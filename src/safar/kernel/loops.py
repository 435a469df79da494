"""Background loops of a process: each runs its step again and again, and outlives its errors."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from safar.kernel.log import log

_PAUSE_AFTER_ERROR_S = 0.5
_PAUSE_AFTER_ERROR_S_MAX = 5.0


@dataclass(frozen=True, slots=True)
class Loop:
    """A step that a process runs again and again: at once while it returns True, else after `idle_s`."""

    name: str
    step: Callable[[], Awaitable[bool]]
    idle_s: float


async def repeat(name: str, step: Callable[[], Awaitable[bool]], *, idle_s: float) -> None:
    """Run `step` for ever: at once again while it says True (there is more), else after `idle_s`.

    An error is logged and tried again after a pause that grows to five seconds.
    """
    errors = 0
    while True:
        try:
            more = await step()
            errors = 0
        except Exception as error:
            errors += 1
            log.warning("loop.error", loop=name, error=f"{type(error).__name__}: {error}", errors=errors)
            await asyncio.sleep(min(_PAUSE_AFTER_ERROR_S * errors, _PAUSE_AFTER_ERROR_S_MAX))
            continue
        await asyncio.sleep(0 if more else idle_s)
