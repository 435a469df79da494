"""Staff and their sessions."""

from safar.migrations import run_sql

revision = "0004_team"
down_revision = "0003_capacity"


def upgrade() -> None:
    run_sql(revision)
