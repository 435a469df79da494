"""The schema's history: Alembic revisions, each running the hand-written `sql/NAME.sql` of its name."""

from pathlib import Path
from typing import cast

import psycopg
from alembic import op

from safar.kernel.schema import digests


def run_sql(revision: str) -> None:
    """Run the statements of `sql/REVISION.sql` as they stand, and keep how they read."""
    run_statements((Path(__file__).parent / "sql" / f"{revision}.sql").read_text(encoding="utf-8"))
    _driver().execute(
        "INSERT INTO schema_files (revision, digest) VALUES (%s, %s)", [revision, digests()[revision]]
    )


def run_statements(statements: str) -> None:
    """Run many statements at once, on the migration's own connection, without any placeholder in them."""
    _driver().execute(statements.encode())


def _driver() -> "psycopg.Connection[object]":
    return cast("psycopg.Connection[object]", op.get_bind().connection.driver_connection)
