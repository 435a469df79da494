"""The schema's history: Alembic revisions, each running the hand-written `sql/NAME.sql` of its name."""

from pathlib import Path
from typing import cast

import psycopg
from alembic import op


def run_sql(revision: str) -> None:
    """Run the statements of `sql/REVISION.sql` as they stand."""
    run_statements((Path(__file__).parent / "sql" / f"{revision}.sql").read_text(encoding="utf-8"))


def run_statements(statements: str) -> None:
    """Run many statements at once, on the migration's own connection, without any placeholder in them."""
    driver = cast("psycopg.Connection[object]", op.get_bind().connection.driver_connection)
    driver.execute(statements.encode())
