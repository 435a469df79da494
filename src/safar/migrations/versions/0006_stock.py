"""Locations, levels and moves."""

from safar.migrations import run_sql

revision = "0006_stock"
down_revision = "0005_customers"


def upgrade() -> None:
    run_sql(revision)
