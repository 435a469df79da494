"""Each limit to the second: at it all is well, beyond it somebody is told."""

from dataclasses import replace

import pytest

from safar.watch.decide import stands_still, wrong
from safar.watch.model import CLOCK, Finding, Lapsed, ReaderBehind, Readings, ShopStanding, TroubleKind

QUIET = ShopStanding(Readings(0.0, 0.0, 0.0, 0.0, 0, 0), [], [])


@pytest.mark.parametrize(
    ("reading", "limit_s", "kind"),
    [
        ("worker_silent_s", 20, TroubleKind.WORKER_SILENT), ("line_stands_s", 30, TroubleKind.LINE_STANDS),
        ("holds_overdue_s", 60, TroubleKind.HOLDS_OVERDUE),
        ("outbox_oldest_s", 120, TroubleKind.OUTBOX_OLDEST),
    ],
)  # fmt: skip
def test_what_waits_longer_than_its_limit_is_found(reading: str, limit_s: float, kind: TroubleKind) -> None:
    def found(seconds: float | None) -> list[Finding]:
        return wrong(replace(QUIET, readings=replace(QUIET.readings, **{reading: seconds})))  # type: ignore[arg-type]

    assert found(limit_s) == []
    assert found(limit_s + 0.5) == [Finding(kind, limit_s + 0.5)]
    assert found(None) == ([Finding(kind, None)] if kind is TroubleKind.WORKER_SILENT else [])


def test_readers_loops_and_clocks_are_told_by_name() -> None:
    behind = [ReaderBehind("inbox", 60.0), ReaderBehind("answers", 60.5)]
    lapsed = [Lapsed("worker", "outbox", 3, "OSError"), Lapsed("front", CLOCK, 7, "")]
    assert wrong(ShopStanding(QUIET.readings, behind, lapsed)) == [
        Finding(TroubleKind.READER_BEHIND, 60.5, about="answers"),
        Finding(TroubleKind.LOOP_LAPSED, count=3, about="worker: outbox", error="OSError"),
        Finding(TroubleKind.CLOCK_OFF, 7.0, about="front"),
    ]
    assert wrong(replace(QUIET, readings=replace(QUIET.readings, setbacks=1, failed_jobs=1))) == [
        Finding(TroubleKind.SETBACKS, count=1),
        Finding(TroubleKind.FAILED_JOBS, count=1),
    ]
    assert [kind for kind in TroubleKind if not stands_still(kind)] == [
        TroubleKind.SETBACKS,
        TroubleKind.FAILED_JOBS,
    ]
