"""What a payment provider was told and has said, and refunds."""

from safar.migrations import run_sql

revision = "0017_payments"
down_revision = "0016_pricing"


def upgrade() -> None:
    run_sql(revision)
