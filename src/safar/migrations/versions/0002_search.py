"""What products are found by besides their spelling: stems of their words, and words that mean the same."""

from safar.migrations import run_sql

revision = "0002_search"
down_revision = "0001_rooms"


def upgrade() -> None:
    run_sql(revision)
