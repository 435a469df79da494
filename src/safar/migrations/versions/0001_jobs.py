"""The job queue: procrastinate's own schema."""

from procrastinate.schema import SchemaManager

from safar.migrations import run_statements

revision = "0001_jobs"
down_revision = None


def upgrade() -> None:
    run_statements(SchemaManager.get_schema())
    # Its notifications carry no schema, so that shops in one database would wake each other; workers look.
    run_statements(
        "DROP TRIGGER procrastinate_jobs_notify_queue_job_inserted_v1 ON procrastinate_jobs;"
        "DROP TRIGGER procrastinate_jobs_notify_queue_job_aborted_v1 ON procrastinate_jobs;"
    )
