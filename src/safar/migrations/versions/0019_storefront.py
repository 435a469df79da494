"""Wishlists and requests to be told when something is back."""

from safar.migrations import run_sql

revision = "0019_storefront"
down_revision = "0018_fulfilment"


def upgrade() -> None:
    run_sql(revision)
