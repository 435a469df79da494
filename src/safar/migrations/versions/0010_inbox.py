"""Conversations."""

from safar.migrations import run_sql

revision = "0010_inbox"
down_revision = "0009_shop"


def upgrade() -> None:
    run_sql(revision)
