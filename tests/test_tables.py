"""Floors end at the tables, too: a room writes its own tables only and reads those of the floors below."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).parent.parent
_SOURCE = _ROOT / "src" / "safar"
_STATEMENT = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)
_FRAGMENT = re.compile(r"^-- fragment: \w+\s*$", re.MULTILINE)
_OWNS = re.compile(r"^-- owns: ([\w, ]+)$", re.MULTILINE)
_MADE = re.compile(r"^CREATE (?:UNLOGGED )?(TABLE|VIEW) (?:IF NOT EXISTS )?(\w+)", re.MULTILINE)
_WRITES = re.compile(r"\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|TRUNCATE)\s+(?:ONLY\s+)?(\w+)")
_READS = re.compile(r"\b(?:FROM|JOIN|USING)\s+(?:ONLY\s+)?(\w+)")
_TEXTS = re.compile(r"'[^']*'")

# Rooms that write in others' tables, with the reason; everybody else asks the room that owns them.
WRITES_ELSEWHERE: Mapping[str, str] = {
    "privacy": "who a customer is goes out of every table in one transaction, or out of none",
    "bench": "fills a database of its own as fast as it can, and measures bare statements",
}
# Single tables of a floor below that a room writes: what becomes of an order is written in one statement.
WRITES_BELOW: Mapping[tuple[str, str], str] = {
    ("orders", "carts"): "a cart becomes an order",
    ("payments", "payments"): "the money is counted on the order's payment",
    ("payments", "orders"): "what is still to be paid goes with the money",
    ("shipments", "order_goods"): "units that leave are counted where they are ordered",
    ("returns", "orders"): "delivery is given back once",
    ("returns", "order_goods"): "what is given up leaves the order",
    ("returns", "order_lines"): "what is given up leaves the order",
}


def _floors() -> dict[str, int]:
    """Return every room's floor, the lowest 0, as import-linter holds it."""
    config = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = next(
        contract["layers"]
        for contract in config["tool"]["importlinter"]["contracts"]
        if contract.get("containers") == ["safar"]
    )
    return {
        room.strip(" ()"): floor
        for floor, layer in enumerate(reversed(layers))
        for room in re.split(r"[|:]", layer)
    }


def _room(file: Path) -> str:
    return file.relative_to(_SOURCE).parts[0]


@cache
def _files() -> list[Path]:
    return sorted(path for path in _SOURCE.rglob("*.sql") if "migrations" not in path.parts)


@cache
def _tables() -> tuple[set[str], set[str]]:
    """Return the tables and the views of the schema."""
    made: dict[str, set[str]] = {"TABLE": set(), "VIEW": set()}
    for path in (_SOURCE / "migrations" / "sql").glob("*.sql"):
        for kind, name in _MADE.findall(path.read_text(encoding="utf-8")):
            made[kind].add(name)
    return made["TABLE"], made["VIEW"]


@cache
def _owners() -> dict[str, str]:
    """Return which room says of a table that it is its own."""
    owners: dict[str, str] = {}
    for file in _files():
        for line in _OWNS.findall(file.read_text(encoding="utf-8")):
            for table in re.split(r",\s*", line):
                assert table not in owners, f"{_room(file)} and {owners[table]} both own {table}"
                owners[table] = _room(file)
    return owners


def _statements() -> Iterator[tuple[str, str, str]]:
    """Yield every statement as its room, where it stands, and its text without words and remarks."""
    for file in _files():
        parts = _STATEMENT.split(file.read_text(encoding="utf-8"))
        for name, text in zip(parts[1::2], parts[2::2], strict=True):
            plain = re.sub(r"--.*", "", _FRAGMENT.split(text)[0])
            yield _room(file), f"{file.relative_to(_SOURCE)}: {name}", _TEXTS.sub("''", plain)


def test_every_table_has_a_room_and_only_what_exists_is_owned() -> None:
    tables, _views = _tables()
    owned = set(_owners())
    assert owned <= tables, f"there is no table {sorted(owned - tables)}"
    named = {name for _room, _where, text in _statements() for name in _WRITES.findall(text)}
    assert named & tables <= owned, (
        f"nobody owns {sorted((named & tables) - owned)}: say so in its queries.sql"
    )


def test_a_room_writes_only_its_own_tables() -> None:
    owners = _owners()
    found = [
        f"{where} writes {table} of {owners[table]}"
        for room, where, text in _statements()
        for table in _WRITES.findall(text)
        if table in owners
        and owners[table] != room
        and room not in WRITES_ELSEWHERE
        and (room, table) not in WRITES_BELOW
    ]
    assert found == [], "ask the room whose table it is"


def test_a_room_reads_only_tables_of_floors_below_it() -> None:
    floors, owners = _floors(), _owners()
    found = [
        f"{where} reads {table} of {owners[table]}"
        for room, where, text in _statements()
        for table in {*_READS.findall(text), *_WRITES.findall(text)}
        if table in owners and owners[table] != room and floors[owners[table]] >= floors[room]
    ]
    assert found == [], "what goes upwards goes through the journal"
