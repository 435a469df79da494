"""The schema: `sql/ROOM.sql` for each room with tables, a second file for a room that has many.

Until the first release they are changed in place. From then on a change is an Alembic revision of its own,
which runs the hand-written `sql/REVISION.sql` of its name.
"""

from pathlib import Path
from typing import cast

import psycopg
from alembic import op

from safar.kernel.schema import digests

# From the lowest floor up: the tables of a room name those of lower ones.
ROOMS = (
    "kernel", "owner", "journal", "capacity", "catalogue", "team", "customers", "channels", "stock",
    "stock_replenish", "gate", "pricing", "cart", "orders", "payments", "shipments", "returns", "storefront",
    "inbox", "campaigns", "watch",
)  # fmt: skip


def run_sql(name: str) -> None:
    """Run the statements of `sql/NAME.sql` as they stand, and keep how they read."""
    run_statements((Path(__file__).parent / "sql" / f"{name}.sql").read_text(encoding="utf-8"))
    _driver().execute("INSERT INTO schema_files (revision, digest) VALUES (%s, %s)", [name, digests()[name]])


def run_statements(statements: str) -> None:
    """Run many statements at once, on the migration's own connection, without any placeholder in them."""
    _driver().execute(statements.encode())


def _driver() -> "psycopg.Connection[object]":
    return cast("psycopg.Connection[object]", op.get_bind().connection.driver_connection)
