"""One figure for what is sold and has not left, at each place."""

from safar.migrations import run_sql

revision = "0021_outgoing"
down_revision = "0020_gate"


def upgrade() -> None:
    run_sql(revision)
