"""Shipments, returns and exchanges."""

from safar.migrations import run_sql

revision = "0018_fulfilment"
down_revision = "0017_payments"


def upgrade() -> None:
    run_sql(revision)
