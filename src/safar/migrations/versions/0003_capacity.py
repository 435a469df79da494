"""The capacity ledger: accounts and holds."""

from safar.migrations import run_sql

revision = "0003_capacity"
down_revision = "0002_journal"


def upgrade() -> None:
    run_sql(revision)
