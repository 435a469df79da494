"""The shop's own logo and icon."""

from safar.migrations import run_sql

revision = "0007_brand"
down_revision = "0006_order_forms"


def upgrade() -> None:
    run_sql("0007_brand")
