"""Background loops of a process: each runs its step again and again, and outlives its errors.

How each stands is kept in the process's `Pulse`: what errs again and again, and what does not come back.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from safar.kernel import clock
from safar.kernel.log import error_kind, log

_PAUSE_AFTER_ERROR_S = 0.5
_PAUSE_AFTER_ERROR_S_MAX = 5.0
STEP_S_MAX = 300.0
_GRACE_S = 30.0  # for a step that was cancelled to end
LAPSED_AFTER = 3


@dataclass(frozen=True, slots=True)
class Loop:
    """A step that a process runs again and again: at once while it returns True, else after `idle_s`.

    A step that lasts longer than `step_s_max` (None: it may last for ever) is cancelled and tried again.
    """

    name: str
    step: Callable[[], Awaitable[bool]]
    idle_s: float
    step_s_max: float | None = STEP_S_MAX


@dataclass(slots=True)
class Beat:
    """How one loop stands: the time (of the event loop) at which its step must have ended; its errors."""

    name: str
    due: float | None = None
    errors: int = 0
    error: str = ""


class Pulse:
    """How the loops of one process stand."""

    def __init__(self) -> None:
        self._beats: dict[str, Beat] = {}

    def of(self, name: str) -> Beat:
        """Return the place where the loop `name` notes how it stands."""
        return self._beats.setdefault(name, Beat(name))

    def lapsed(self) -> list[Beat]:
        """Return the loops whose last three steps or more have failed."""
        return [beat for beat in self._beats.values() if beat.errors >= LAPSED_AFTER]

    def hung(self, now: float) -> list[str]:
        """Return the loops whose step did not even end when it was cancelled."""
        return [beat.name for beat in self._beats.values() if beat.due is not None and now > beat.due]


async def repeat(
    name: str,
    step: Callable[[], Awaitable[bool]],
    *,
    idle_s: float,
    step_s_max: float | None = STEP_S_MAX,
    pulse: Pulse | None = None,
) -> None:
    """Run `step` for ever: at once again while it says True (there is more), else after `idle_s`.

    An error is logged and tried again after a pause that grows to five seconds. While nobody knows what time
    it is in the database no step is taken: it might declare expired what is not.
    """
    beat = (pulse or Pulse()).of(name)
    time = asyncio.get_running_loop().time
    while True:
        if not clock.is_known():
            log.warning("loop.time_unknown", loop=name)
            await asyncio.sleep(_PAUSE_AFTER_ERROR_S_MAX)
            continue
        beat.due = None if step_s_max is None else time() + step_s_max + _GRACE_S
        try:
            async with asyncio.timeout(step_s_max):
                more = await step()
            beat.errors = 0
        except Exception as error:
            beat.due = None
            beat.errors += 1
            beat.error = error_kind(error)
            log.warning("loop.error", loop=name, error=beat.error, errors=beat.errors)
            await asyncio.sleep(min(_PAUSE_AFTER_ERROR_S * beat.errors, _PAUSE_AFTER_ERROR_S_MAX))
            continue
        beat.due = None
        await asyncio.sleep(0 if more else idle_s)
