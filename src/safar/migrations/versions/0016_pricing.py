"""Tax, shipping methods, discount codes, currencies."""

from safar.migrations import run_sql

revision = "0016_pricing"
down_revision = "0015_replenish"


def upgrade() -> None:
    run_sql(revision)
