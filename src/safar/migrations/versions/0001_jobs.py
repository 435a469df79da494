"""The job queue: procrastinate's own schema."""

from procrastinate.schema import SchemaManager

from safar.migrations import run_statements

revision = "0001_jobs"
down_revision = None


def upgrade() -> None:
    run_statements(SchemaManager.get_schema())
