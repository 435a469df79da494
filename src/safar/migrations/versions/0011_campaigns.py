"""Campaigns, sends and promises."""

from safar.migrations import run_sql

revision = "0011_campaigns"
down_revision = "0010_inbox"


def upgrade() -> None:
    run_sql(revision)
