"""`safar demo` as it is called: the whole journey, a report whose sides agree, and nothing left behind."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.stage.place import environment_of, processes_of, settings_at

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("processes")]

# The fields that the report must have at least.
FIELDS = {
    "customers", "sends", "sends_skipped", "visits", "queued", "admitted", "median_wait_s", "questions",
    "answered_by_bot", "handed_to_staff", "carts", "orders", "units_offered", "units_sold", "oversold",
    "messages_lost", "promises_kept", "promises_broken", "bottleneck", "seconds", "differences",
}  # fmt: skip
_STOPS_WITHIN_S = 60  # eight seconds where nothing else runs: then whoever has not gone is killed


@contextmanager
def _demo(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run `safar demo` in a folder of its own; whatever happens, nothing of it outlives the test."""
    command = [sys.executable, "-m", "safar", "demo", *arguments]
    with (folder / "screen.txt").open("w") as screen:
        process = subprocess.Popen(
            command, env=environment_of(settings_at(folder / "data")), stdout=screen, stderr=screen, text=True
        )
    try:
        yield process
    finally:
        process.kill()  # its children end with it
        process.wait()


def _wait(until: Callable[[], bool], *, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not until() and time.monotonic() < end:
        time.sleep(0.1)
    return until()


def _screen(folder: Path) -> str:
    return (folder / "screen.txt").read_text(encoding="utf-8")


def test_the_demo_ends_with_a_report_in_which_books_and_customers_agree(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    arguments = ("--customers", "40", "--seconds", "8", "--exit", "--report", str(file))
    with _demo(tmp_path, *arguments) as process:
        code = process.wait(timeout=240)
    assert code == 0, _screen(tmp_path)
    assert processes_of(tmp_path) == []

    report = json.loads(file.read_text(encoding="utf-8"))
    assert report.keys() >= FIELDS
    assert report["differences"] == []
    assert report["oversold"] == report["messages_lost"] == 0
    assert report["customers"] == 40
    assert report["customers"] == report["sends"] + report["sends_failed"] + sum(
        report["sends_skipped"].values()
    )
    assert 0 < report["units_sold"] <= report["units_offered"]
    assert (
        0 < report["orders"] <= report["carts"] <= report["admitted"] <= report["visits"] <= report["sends"]
    )
    assert report["questions"] > 0
    assert "Promise report" in _screen(tmp_path)
    assert "crashed" not in _screen(tmp_path)


@pytest.mark.parametrize("after", ["Loading the shop", "Promise report"])
def test_ctrl_c_at_any_moment_stops_everything_and_leaves_nothing(tmp_path: Path, after: str) -> None:
    """Once in the middle of the rehearsal; once while it keeps serving afterwards, as it says then."""
    said_next = {"Loading the shop": "", "Promise report": "Shop     http://"}[after]

    def so_far() -> bool:
        _before, found, since = _screen(tmp_path).partition(after)
        return bool(found) and said_next in since

    with _demo(tmp_path, "--customers", "4", "--seconds", "5") as process:
        assert _wait(lambda: so_far() or process.poll() is not None, seconds=180)
        time.sleep(0.5 if not said_next else 0)
        assert process.poll() is None, _screen(tmp_path)
        assert len(processes_of(tmp_path)) >= 6, "front, console, worker, mailbox, PostgreSQL and the demo"
        process.send_signal(signal.SIGINT)
        process.wait(timeout=_STOPS_WITHIN_S)
    assert process.returncode == 0, _screen(tmp_path)
    assert _wait(lambda: not processes_of(tmp_path), seconds=20), processes_of(tmp_path)
    assert "Traceback" not in _screen(tmp_path)
