"""Region, note, billing and titles of an order as its customer gave and read them; the order of the ways."""

from safar.migrations import run_sql

revision = "0006_order_forms"
down_revision = "0005_order_desk"


def upgrade() -> None:
    run_sql("0006_order_forms")
