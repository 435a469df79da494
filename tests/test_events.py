"""Every event is declared by the room that writes it, once, with the sentence that staff read."""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from safar.console.sentences import SENTENCES
from safar.customers.sentences import Sentences
from safar.journal.kinds import EventKind

_SOURCE = Path(__file__).parent.parent / "src" / "safar"
_NAME = re.compile(r"[a-z_]+\.[a-z_]+")
# Words of the same shape: names of loops, of setbacks and of jobs.
_NO_EVENTS = {
    "shop.back_in_stock",
    "shop.refunds",
    "shop.settle",
    "stock.expired",
    "stock.forecast_all",
    "stock.sql",
}
# Rooms that only measure, or that write what they are not.
_BESIDE = ("bench", "demo")


@cache
def _trees() -> Mapping[Path, ast.Module]:
    return {
        path: ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(_SOURCE.rglob("*.py"))
        if path.name not in ("events.py", "sentences.py") or path.parent.name == "site"
    }


def _room(path: Path) -> str:
    return path.relative_to(_SOURCE).parts[0]


def _names(node: ast.AST, logged: set[int]) -> Iterator[str]:
    """Return what could be an event's name; what is computed has a * for the part that is."""
    for one in ast.walk(node):
        if id(one) in logged:
            continue
        if isinstance(one, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in one.values)
            if re.fullmatch(r"[a-z_]+\.\*", text):
                yield text
        elif isinstance(one, ast.Constant) and isinstance(one.value, str) and _NAME.fullmatch(one.value):
            yield one.value


def _of_logs(tree: ast.Module) -> set[int]:
    """Return the first arguments of log.warning and the like: they are lines of the log."""
    return {
        id(call.args[0])
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and call.args
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "log"
    }


@cache
def _said() -> Mapping[str, set[str]]:
    """Return every word in the code that has the shape of an event's name, with the rooms that say it."""
    said: dict[str, set[str]] = {}
    for path, tree in _trees().items():
        if _room(path) not in _BESIDE:
            for name in _names(tree, _of_logs(tree)):
                said.setdefault(name, set()).add(_room(path))
    for path in _SOURCE.rglob("*.sql"):
        if "migrations" not in path.parts and _room(path) not in _BESIDE:
            for name in re.findall(r"'([a-z_]+\.[a-z_]+)'", path.read_text(encoding="utf-8")):
                said.setdefault(name, set()).add(_room(path))
    return said


def _written_as_such() -> Iterator[str]:
    """Return the names that stand where an event is made, such as `Event(name=...)` and `event_of("...")`."""
    for path, tree in _trees().items():
        for call in ast.walk(tree):
            if not isinstance(call, ast.Call) or _room(path) in _BESIDE:
                continue
            called = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
            if re.search("event|tell", called, re.IGNORECASE):
                for argument in (*call.args, *(one.value for one in call.keywords)):
                    if isinstance(argument, ast.Constant):
                        yield from _names(argument, set())


def test_every_event_that_is_written_or_read_is_declared() -> None:
    things = {name.split(".")[0] for name in SENTENCES.kinds}
    said = {name for name in _said() if name.split(".")[0] in things and "*" not in name} - _NO_EVENTS
    said |= {name for name in _written_as_such() if "*" not in name}
    assert sorted(said - set(SENTENCES.kinds)) == []


def test_what_is_declared_is_written_by_its_room_or_one_above() -> None:
    said = _said()
    never = {name for name in SENTENCES.kinds if name not in said and f"{name.split('.')[0]}.*" not in said}
    assert sorted(never) == [], "nobody writes it"


def test_an_event_is_declared_in_a_room_that_writes_it() -> None:
    said = _said()
    for path in _SOURCE.glob("*/events.py"):
        for name in re.findall(r'EventKind\(\s*"([\w.]+)"', path.read_text(encoding="utf-8")):
            rooms = said.get(name, set()) | said.get(f"{name.split('.')[0]}.*", set())
            assert _room(path) in rooms, f"{name} is declared in {_room(path)}, written in {sorted(rooms)}"


def test_every_rooms_events_are_collected() -> None:
    declared = [
        name
        for path in _SOURCE.glob("*/events.py")
        for name in re.findall(r'EventKind\(\s*"([\w.]+)"', path.read_text(encoding="utf-8"))
    ]
    assert sorted(declared) == sorted(SENTENCES.kinds)


def test_a_name_that_is_declared_twice_is_an_error_at_the_start() -> None:
    with pytest.raises(ValueError, match="twice"):
        Sentences([EventKind("order.placed", "Placed"), EventKind("order.placed", "Again")])


def test_every_symbol_of_an_event_is_there() -> None:
    icons = (_SOURCE / "kernel" / "web" / "static" / "vendor" / "icons.svg").read_text(encoding="utf-8")
    known = set(re.findall(r'id="tabler-([\w-]+)"', icons))
    assert {kind.icon for kind in SENTENCES.kinds.values()} <= known
