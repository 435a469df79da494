"""Catalogue, carts, orders and payments."""

from safar.migrations import run_sql

revision = "0009_shop"
down_revision = "0008_channels"


def upgrade() -> None:
    run_sql(revision)
