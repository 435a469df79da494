"""Kinds of locations, suppliers, purchase orders, transfers, counts, lots."""

from safar.migrations import run_sql

revision = "0014_stock"
down_revision = "0013_catalogue"


def upgrade() -> None:
    run_sql(revision)
