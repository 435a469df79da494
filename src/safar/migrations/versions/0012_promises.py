"""Units kept back, idempotency keys of the public surface, and the goods of an order."""

from safar.migrations import run_sql

revision = "0012_promises"
down_revision = "0011_campaigns"


def upgrade() -> None:
    run_sql(revision)
