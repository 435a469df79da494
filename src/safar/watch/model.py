"""What is looked at to tell whether everything runs, and what is found to be wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

CLOCK = "clock"  # named among the loops of a process whose machine's clock is wrong, by so many seconds


class TroubleKind(StrEnum):
    """What can be wrong with the running of the shop."""

    WORKER_SILENT = "worker_silent"
    LINE_STANDS = "line_stands"
    HOLDS_OVERDUE = "holds_overdue"
    OUTBOX_OLDEST = "outbox_oldest"
    READER_BEHIND = "reader_behind"
    LOOP_LAPSED = "loop_lapsed"
    CLOCK_OFF = "clock_off"
    SETBACKS = "setbacks"
    FAILED_JOBS = "failed_jobs"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: for how many seconds, how often, what it is about and why, where known."""

    kind: TroubleKind
    seconds: float | None = None
    count: int = 0
    about: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Readings:
    """Seconds that the oldest thing of each kind has waited; None where nothing waits."""

    worker_silent_s: float | None
    line_stands_s: float | None
    holds_overdue_s: float | None
    outbox_oldest_s: float | None
    setbacks: int
    failed_jobs: int


@dataclass(frozen=True, slots=True)
class ReaderBehind:
    """A reader of the journal whose next event has waited `behind_s`."""

    name: str
    behind_s: float


@dataclass(frozen=True, slots=True)
class Lapsed:
    """A background loop whose last steps failed."""

    role: str
    loop: str
    errors: int
    error: str


@dataclass(frozen=True, slots=True)
class ShopStanding:
    """How everything runs at one moment."""

    readings: Readings
    readers: Sequence[ReaderBehind]
    lapsed: Sequence[Lapsed]
