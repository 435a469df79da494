"""Customers, identities and consents."""

from safar.migrations import run_sql

revision = "0005_customers"
down_revision = "0004_team"


def upgrade() -> None:
    run_sql(revision)
