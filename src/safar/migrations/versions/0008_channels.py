"""Channels, messages (the outbox) and raw envelopes."""

from safar.migrations import run_sql

revision = "0008_channels"
down_revision = "0007_gate"


def upgrade() -> None:
    run_sql(revision)
