"""Mails are kept part by part, and staff change the words of each kind."""

from safar.migrations import run_sql

revision = "0004_mails"
down_revision = "0003_receiving"


def upgrade() -> None:
    run_sql("0004_mails")
