"""Variants with options, pictures, words in several languages, prices in several currencies, kits."""

from safar.migrations import run_sql

revision = "0013_catalogue"
down_revision = "0012_promises"


def upgrade() -> None:
    run_sql(revision)
