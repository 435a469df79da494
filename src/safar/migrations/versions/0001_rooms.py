"""The schema of the first release: the job queue's own tables, then those of each room."""

from procrastinate.schema import SchemaManager

from safar.migrations import ROOMS, run_sql, run_statements

revision = "0001_rooms"
down_revision = None


def upgrade() -> None:
    run_statements(SchemaManager.get_schema())
    # Its notifications carry no schema, so that shops in one database would wake each other; workers look.
    run_statements(
        "DROP TRIGGER procrastinate_jobs_notify_queue_job_inserted_v1 ON procrastinate_jobs;"
        "DROP TRIGGER procrastinate_jobs_notify_queue_job_aborted_v1 ON procrastinate_jobs;"
    )
    for room in ROOMS:
        run_sql(room)
