"""The shop's own data, a row a fact."""

from safar.migrations import run_sql

revision = "0022_shop_settings"
down_revision = "0021_outgoing"


def upgrade() -> None:
    run_sql(revision)
