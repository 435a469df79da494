"""Opening times, draws, invitations and staff controls of the waiting room."""

from safar.migrations import run_sql

revision = "0020_gate"
down_revision = "0019_storefront"


def upgrade() -> None:
    run_sql(revision)
