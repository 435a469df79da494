"""From readings to what is wrong: each threshold is a few times what the slowest honest round takes."""

from safar.watch.model import CLOCK, Finding, ShopStanding, TroubleKind

WORKER_SILENT_S = 20.0
LINE_STANDS_S = 30.0
HOLDS_OVERDUE_S = 60.0
OUTBOX_OLDEST_S = 120.0
READER_BEHIND_S = 60.0


# Somebody should look at these in time; everything else goes on meanwhile.
_IN_TIME = frozenset({TroubleKind.SETBACKS, TroubleKind.FAILED_JOBS})


def stands_still(kind: TroubleKind) -> bool:
    """Tell whether a monitor should wake somebody: something stands, or decides wrongly, until mended."""
    return kind not in _IN_TIME


def wrong(standing: ShopStanding) -> list[Finding]:
    """Return what is wrong, the causes first: a silent worker explains most of the others."""
    readings = standing.readings
    found: list[Finding] = []
    if readings.worker_silent_s is None or readings.worker_silent_s > WORKER_SILENT_S:
        found.append(Finding(TroubleKind.WORKER_SILENT, readings.worker_silent_s))
    for kind, seconds, limit in (
        (TroubleKind.LINE_STANDS, readings.line_stands_s, LINE_STANDS_S),
        (TroubleKind.HOLDS_OVERDUE, readings.holds_overdue_s, HOLDS_OVERDUE_S),
        (TroubleKind.OUTBOX_OLDEST, readings.outbox_oldest_s, OUTBOX_OLDEST_S),
    ):
        if seconds is not None and seconds > limit:
            found.append(Finding(kind, seconds))
    found += [
        Finding(TroubleKind.READER_BEHIND, reader.behind_s, about=reader.name)
        for reader in standing.readers
        if reader.behind_s > READER_BEHIND_S
    ]
    found += [
        Finding(
            TroubleKind.LOOP_LAPSED,
            count=lapse.errors,
            about=f"{lapse.role}: {lapse.loop}",
            error=lapse.error,
        )
        for lapse in standing.lapsed
        if lapse.loop != CLOCK
    ]
    found += [
        Finding(TroubleKind.CLOCK_OFF, float(lapse.errors), about=lapse.role)
        for lapse in standing.lapsed
        if lapse.loop == CLOCK
    ]
    if readings.setbacks:
        found.append(Finding(TroubleKind.SETBACKS, count=readings.setbacks))
    if readings.failed_jobs:
        found.append(Finding(TroubleKind.FAILED_JOBS, count=readings.failed_jobs))
    return found
