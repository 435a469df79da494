"""Reorder points and what is expected to sell."""

from safar.migrations import run_sql

revision = "0015_replenish"
down_revision = "0014_stock"


def upgrade() -> None:
    run_sql(revision)
