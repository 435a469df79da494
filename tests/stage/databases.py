"""A database that a test may fill and leave as it is: the next one finds it as the template has it."""

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from safar.kernel.postgres import EmbeddedPostgres

_LARGE_BYTES = 256 * 1024
_OURS = "SELECT oid::regclass::text FROM pg_class WHERE oid >= 16384"
# A table that never had a row has no pages; one that had some keeps them, in a transaction undone as well.
_WRITTEN = f"{_OURS} AND relkind = 'r' AND pg_relation_size(oid) > 0"
_LARGE = f"{_OURS} AND relkind = 'r' AND pg_relation_size(oid) > {_LARGE_BYTES}"
_SEQUENCES = f"{_OURS} AND relkind = 'S'"
# What is made, renamed or dropped changes a row here: the database is not restored then, but made anew.
_SCHEMA = """
SELECT (SELECT sum(hashtext(xmin::text)) FROM pg_class WHERE oid >= 16384),
       (SELECT sum(hashtext(xmin::text)) FROM pg_constraint WHERE oid >= 16384),
       (SELECT sum(hashtext(xmin::text)) FROM pg_trigger),
       (SELECT sum(hashtext(xmin::text)) FROM pg_proc WHERE oid >= 16384),
       (SELECT sum(hashtext(xmin::text)) FROM pg_namespace),
       (SELECT sum(hashtext(xmin::text)) FROM pg_db_role_setting)
"""
_OTHERS = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
_LOOK_AGAIN_S = 0.001
_LEAVE_S_MAX = 0.1  # who has hung up is gone after a few milliseconds
_END_S_MAX = 10.0

KEEPER = "the keeper of the test's database"  # as pg_stat_activity calls our own connection


class Databases:
    """Databases made of one template. One is lent at a time; what a test has left in it is taken out.

    To copy the template costs ten times as much as to empty the tables that a test has written to.
    """

    _numbers = itertools.count(1)

    def __init__(self, server: EmbeddedPostgres, template: str) -> None:
        self._server = server
        self._template = template
        self._name = ""
        self._connection: psycopg.Connection | None = None

    @contextmanager
    def lent(self) -> Iterator[str]:
        """Lend the address of a database that is as the template."""
        connection = self._connection or self._make()
        yield self._server.url(self._name)
        try:
            restored = self._restore(connection)
        except psycopg.Error:  # it is not there any more, or whatever else a test may do to it
            restored = False
        if not restored:
            self.drop()

    def drop(self) -> None:
        """Drop the database, if there is one."""
        if self._connection is None:
            return
        self._connection.close()
        self._connection = None
        with psycopg.connect(self._server.url(), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {self._name} WITH (FORCE)".encode())

    def _make(self) -> psycopg.Connection:
        self._name = f"{self._template}_{next(self._numbers)}"
        with psycopg.connect(self._server.url(), autocommit=True) as connection:
            connection.execute(
                f"CREATE DATABASE {self._name} TEMPLATE {self._template} STRATEGY file_copy".encode()
            )
        connection = self._connection = psycopg.connect(
            self._server.url(self._name), autocommit=True, application_name=KEEPER
        )
        connection.execute("SET session_replication_role = replica")  # no trigger, no foreign key
        self._seeds = {table: _copied(connection, table) for table in _names(connection, _WRITTEN)}
        self._sequences = "\nUNION ALL ".join(
            f"SELECT '{name}', last_value, is_called FROM {name}" for name in _names(connection, _SEQUENCES)
        ).encode()
        self._numbered = connection.execute(self._sequences).fetchall()
        self._schema = connection.execute(_SCHEMA).fetchall()
        return connection

    def _restore(self, connection: psycopg.Connection) -> bool:
        """Make the database what it was; return False when its schema is another."""
        _see_off(connection)
        if connection.execute(_SCHEMA).fetchall() != self._schema:
            return False
        for table, rows in self._seeds.items():
            if _copied(connection, table) != rows:
                with connection.cursor() as cursor:
                    cursor.execute(f"DELETE FROM {table}".encode())
                    with cursor.copy(f"COPY {table} FROM STDIN".encode()) as copy:
                        copy.write(rows)
        written = [name for name in _names(connection, _WRITTEN) if name not in self._seeds]
        connection.execute("; ".join(f"DELETE FROM {table}" for table in written).encode())
        for was, now in zip(self._numbered, connection.execute(self._sequences).fetchall(), strict=True):
            if was != now:
                connection.execute("SELECT setval(%s, %s, %s)", was)
        for table in _names(connection, _LARGE):  # its pages go back
            connection.execute(f"VACUUM {table}".encode())
        return True


def _see_off(connection: psycopg.Connection) -> None:
    """Wait until nobody else is in the database; end who does not go. Raises TimeoutError."""
    begun, told = time.monotonic(), False
    while others := connection.execute(_OTHERS).fetchall():
        waited_s = time.monotonic() - begun
        if waited_s > _END_S_MAX:
            raise TimeoutError(f"still in the database: {others}")
        if waited_s > _LEAVE_S_MAX and not told:
            for other in others:
                connection.execute("SELECT pg_terminate_backend(%s)", other)
            told = True
        time.sleep(_LOOK_AGAIN_S)


def _names(connection: psycopg.Connection, query: str) -> list[str]:
    return [name for (name,) in connection.execute(query.encode()).fetchall()]


def _copied(connection: psycopg.Connection, table: str) -> bytes:
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} TO STDOUT".encode()) as copy:
        return b"".join(bytes(part) for part in copy)
