"""What staff do with an order at their desk: notes, tags, saved views, and who took it."""

from safar.migrations import run_sql

revision = "0005_order_desk"
down_revision = "0004_mails"


def upgrade() -> None:
    run_sql(revision)
