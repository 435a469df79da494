"""Shelves of articles, and deliveries that are scanned before they are booked."""

from safar.migrations import run_sql

revision = "0003_receiving"
down_revision = "0002_search"


def upgrade() -> None:
    run_sql(revision)
