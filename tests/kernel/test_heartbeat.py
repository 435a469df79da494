"""A process whose event loop or background loop hangs is ended, its stack said, whatever it is stuck in."""

import asyncio
import os
import signal
import subprocess
import sys
import time

import pytest

from safar.kernel.heartbeat import BEAT_FD, Heart
from safar.kernel.loops import LAPSED_AFTER, Pulse, repeat

pytestmark = pytest.mark.finding("security-19")

_BEATS_THEN = """
import asyncio, time
from safar.kernel.heartbeat import keep_beating
from safar.kernel.loops import Pulse

async def main():
    beating = asyncio.create_task(keep_beating(Pulse()))
    await asyncio.sleep(0.01)
    {then}

asyncio.run(main())
"""
_BLOCKS = "while True: time.sleep(0.01)"
_LIVES = "await asyncio.sleep(600)"


def _child(then: str) -> tuple["subprocess.Popen[bytes]", Heart]:
    hearing, beating = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", _BEATS_THEN.format(then=then)],
        env={**os.environ, BEAT_FD: str(beating)},
        pass_fds=(beating,),
        stderr=subprocess.PIPE,
    )
    os.close(beating)
    return process, Heart("worker", process, hearing)


def _listen(heart: Heart, process: "subprocess.Popen[bytes]", *, silent_s_max: float, for_s: float) -> None:
    end = time.monotonic() + for_s
    while process.poll() is None and time.monotonic() < end:
        heart.listen(silent_s_max)
        time.sleep(0.01)  # a real process, in its own time


def test_a_process_whose_event_loop_is_blocked_is_aborted_and_says_where() -> None:
    process, heart = _child(_BLOCKS)
    try:
        _listen(heart, process, silent_s_max=0.3, for_s=60)
        assert process.poll() == -signal.SIGABRT
        assert process.stderr is not None
        said = process.stderr.read().decode()
        assert "most recent call first" in said
        assert "in main" in said
    finally:
        process.kill()
        process.communicate()
        heart.close()


def test_a_process_that_is_stopped_is_killed_and_one_that_beats_is_left_alone() -> None:
    process, heart = _child(_LIVES)
    try:
        while heart._heard is None:
            heart.listen(60)
            time.sleep(0.01)
        assert process.poll() is None
        process.send_signal(signal.SIGSTOP)
        _listen(heart, process, silent_s_max=0.3, for_s=60)
        assert process.wait(60) == -signal.SIGKILL
    finally:
        process.kill()
        process.communicate()
        heart.close()


async def test_a_step_that_never_ends_is_cancelled_shown_and_tried_again() -> None:
    pulse, steps = Pulse(), 0
    going_on = asyncio.Event()

    async def step() -> bool:
        nonlocal steps
        steps += 1
        if steps <= 2:
            await asyncio.Event().wait()
        going_on.set()
        return False

    looping = asyncio.create_task(repeat("test", step, idle_s=60, step_s_max=0.01, pulse=pulse))
    async with asyncio.timeout(30):
        await going_on.wait()
    looping.cancel()
    assert (pulse.of("test").errors, pulse.of("test").error) == (0, "TimeoutError")


async def test_a_step_that_does_not_even_end_when_cancelled_stops_the_beat() -> None:
    pulse = Pulse()
    stuck = asyncio.Event()

    async def step() -> bool:
        stuck.set()
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if over:
                    raise

    over = False
    looping = asyncio.create_task(repeat("stuck", step, idle_s=0, step_s_max=0.01, pulse=pulse))
    await stuck.wait()
    now = asyncio.get_running_loop().time()
    assert pulse.hung(now) == []
    assert pulse.hung(now + 31) == ["stuck"]
    over = True
    looping.cancel()


async def test_a_loop_that_errs_again_and_again_has_lapsed() -> None:
    pulse = Pulse()
    beat = pulse.of("test")

    async def step() -> bool:
        raise LookupError("vera@example.com")

    looping = asyncio.create_task(repeat("test", step, idle_s=0, pulse=pulse))
    async with asyncio.timeout(30):
        while beat.errors < 1:
            await asyncio.sleep(0)
    looping.cancel()
    assert pulse.lapsed() == []
    beat.errors = LAPSED_AFTER
    assert [(lapsed.name, lapsed.error) for lapsed in pulse.lapsed()] == [("test", "LookupError")]
