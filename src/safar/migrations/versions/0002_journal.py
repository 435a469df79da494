"""The journal: events, the line, subscribers."""

from safar.migrations import run_sql

revision = "0002_journal"
down_revision = "0001_jobs"


def upgrade() -> None:
    run_sql(revision)
