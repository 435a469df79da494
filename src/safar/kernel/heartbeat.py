"""Each process reports to its supervisor once a second; one that stops reporting is ended.

The beat comes from the event loop: it stops when something blocks the loop, when the process is stopped, and
when a background loop does not come back from its step.
"""

import asyncio
import contextlib
import faulthandler
import os
import signal
import subprocess
import time

from safar.kernel.log import log
from safar.kernel.loops import Pulse

BEAT_FD = "SAFAR_BEAT_FD"
_PERIOD_S = 1.0
_LAST_WORDS_S = 3.0


async def keep_beating(pulse: Pulse) -> None:
    """Send a beat every second, when a supervisor listens. On SIGABRT all stacks go to standard error."""
    faulthandler.enable()
    named = os.environ.pop(BEAT_FD, None)  # not for processes that this one starts
    if named is None:
        return
    descriptor = int(named)
    os.set_blocking(descriptor, False)
    hung: list[str] = []
    while True:
        before, hung = hung, pulse.hung(asyncio.get_running_loop().time())
        if not hung:
            with contextlib.suppress(OSError):  # nobody reads at the moment, or nobody any more
                os.write(descriptor, b".")
        elif hung != before:
            log.error("process.loops_hang", loops=",".join(hung))
        await asyncio.sleep(_PERIOD_S)


class Heart:
    """The supervisor's end: receives the beats of one child, and ends the child when they stop."""

    def __init__(self, role: str, process: "subprocess.Popen[bytes]", descriptor: int) -> None:
        self._role = role
        self._process = process
        self._descriptor = descriptor
        os.set_blocking(descriptor, False)
        self._heard: float | None = None  # nothing is expected before the first beat
        self._aborted: float | None = None

    def listen(self, silent_s_max: float) -> None:
        """Read the beats that have arrived; end the child when it has been silent for too long.

        First by SIGABRT, so that its stack is in the log; what cannot even do that is killed.
        """
        now = time.monotonic()
        if self._beaten():
            self._heard = now
        if self._process.poll() is not None or self._heard is None:
            return
        if self._aborted is None and now - self._heard > silent_s_max:
            log.error("serve.silent", role=self._role, silent_s=round(now - self._heard))
            self._aborted = now
            self._process.send_signal(signal.SIGABRT)
        elif self._aborted is not None and now - self._aborted > _LAST_WORDS_S:
            self._process.kill()

    def _beaten(self) -> bool:
        try:
            return bool(os.read(self._descriptor, 4096))
        except BlockingIOError:
            return False

    def close(self) -> None:
        os.close(self._descriptor)
