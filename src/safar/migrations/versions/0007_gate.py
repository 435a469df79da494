"""The waiting room of each site."""

from safar.migrations import run_sql

revision = "0007_gate"
down_revision = "0006_stock"


def upgrade() -> None:
    run_sql(revision)
