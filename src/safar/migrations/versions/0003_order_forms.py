"""Region, note, billing and titles of an order as its customer gave and read them; the order of the ways."""

from safar.migrations import run_sql

revision = "0003_order_forms"
down_revision = "0002_search"


def upgrade() -> None:
    run_sql("0003_order_forms")
