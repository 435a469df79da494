"""Bring a database to the current schema.

Any number of processes may ask at the same time: one migrates, the others wait for it, not for ever.
"""

import time
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.exc import OperationalError

from safar.kernel.connection import reachable
from safar.kernel.log import log
from safar.kernel.schema import check_schema

_MIGRATIONS = Path(__file__).parent.parent / "migrations"
_MIGRATION_CLASS = 0x5AFA01
_WAIT_S_MAX = 60.0  # for another process that migrates
_LOOK_AGAIN_S = 0.1
_TRIES_MAX = 5
_PAUSE_S = 1.0


def migrate(url: str, *, wait_s_max: float = _WAIT_S_MAX) -> None:
    """Apply the migrations that are missing at `url` (a libpq connection string), one process at a time.

    A migration that cannot get a table's lock in five seconds lets the shop go on and is tried again, five
    times. Raises RuntimeError, with what to do, when it cannot be done.
    """
    address = reachable(url)
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(address), poolclass=NullPool
    )
    try:
        with engine.connect() as connection:
            _refuse_missing_schema(connection)
            _take_turn(connection, wait_s_max)
            _upgrade(connection, url)  # the lock is this connection's: it goes with it
    finally:
        engine.dispose()
    check_schema(url)


def _refuse_missing_schema(connection: Connection) -> None:
    """Refuse a connection string that names a schema which is not there: its tables would go elsewhere."""
    path = connection.execute(text("SELECT current_setting('search_path')")).scalar_one()
    wanted = str(path).split(",")[0].strip().strip('"')
    there = connection.execute(text("SELECT current_schema()")).scalar_one()
    connection.commit()
    if wanted not in ("$user", there):
        raise RuntimeError(f'The schema {wanted} is not there. Make it first: CREATE SCHEMA "{wanted}".')


def _take_turn(connection: Connection, wait_s_max: float) -> None:
    """Take the lock of whoever migrates this schema. Raises RuntimeError when another keeps it too long."""
    lock = text("SELECT pg_try_advisory_lock(:class, hashtext(current_schema()))")
    end = time.monotonic() + wait_s_max
    while not connection.execute(lock, {"class": _MIGRATION_CLASS}).scalar_one():
        connection.commit()
        if time.monotonic() >= end:
            raise RuntimeError(
                f"Another process has been migrating this database for {wait_s_max:.0f} s. When it has ended,"
                " start again."
            )
        time.sleep(_LOOK_AGAIN_S)
    connection.commit()


def _upgrade(connection: Connection, url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    for attempt in range(1, _TRIES_MAX + 1):
        try:
            command.upgrade(config, "head")
            return
        except CommandError:  # a revision that we do not have
            check_schema(url)
            raise RuntimeError(
                "The database is newer than this program. Run the version that made it."
            ) from None
        except OperationalError as error:
            connection.rollback()
            if not isinstance(error.orig, psycopg.errors.LockNotAvailable):
                raise
            _pause(attempt)
        except psycopg.errors.LockNotAvailable:
            connection.rollback()
            _pause(attempt)
    raise RuntimeError(
        "The database could not be migrated: tables are in use. Stop what reads for long, then start again."
    )


def _pause(attempt: int) -> None:
    log.warning("migrate.tables_in_use", attempt=attempt)
    if attempt < _TRIES_MAX:
        time.sleep(_PAUSE_S * attempt)
