"""Whether a database and this program belong together: asked by every process when it starts."""

import hashlib
from functools import cache
from pathlib import Path

import psycopg

_SQL = Path(__file__).parent.parent / "migrations" / "sql"
_BEFORE = {"0002_journal", "0002_search"}  # files of the schemas before the first release
_KEPT = "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'schema_files'"


@cache
def digests() -> dict[str, bytes]:
    """Return the SHA-256 of each file that makes the schema, by its revision."""
    return {file.stem: hashlib.sha256(file.read_bytes()).digest() for file in sorted(_SQL.glob("*.sql"))}


def is_current(url: str) -> bool:
    """Return whether the schema at `url` is the one this program was made for; nothing is to be done then."""
    try:
        check_schema(url)
    except RuntimeError:
        return False
    return True


def check_schema(url: str) -> None:
    """Raise RuntimeError, saying what to do, unless the schema at `url` is the one this program was made for.

    Each file that makes it must have gone in, and must have read then as it reads now.
    """
    with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        if connection.execute(_KEPT).fetchone() is None:
            raise RuntimeError(
                "The database has no tables of Safar. Start `safar serve` first: it makes them."
            )
        made_by: dict[str, bytes] = dict(
            connection.execute("SELECT revision, digest FROM schema_files").fetchall()
        )
    ours = digests()
    if _BEFORE & made_by.keys():
        raise RuntimeError(
            "The database was made before the first release, and its schema cannot be brought up to this one."
            " Use a new database: set SAFAR_DATA_DIR to an empty folder, or SAFAR_DATABASE_URL."
        )
    if made_by.keys() - ours.keys():
        raise RuntimeError("The database is newer than this program. Run the version that made it.")
    if ours.keys() - made_by.keys():
        raise RuntimeError(
            "The database is older than this program. Start `safar serve` of this version first: it migrates."
        )
    changed = sorted(name for name in ours if ours[name] != made_by[name])
    if changed:
        raise RuntimeError(
            f"The database was made by another version of Safar ({', '.join(changed)}). Run that version,"
            " or use a new database."
        )
