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
    """Return what could be an event's name."""
    for part in ast.walk(node):
        text = part.value if isinstance(part, ast.Constant) and id(part) not in logged else None
        if isinstance(text, str) and _NAME.fullmatch(text):
            yield text


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
def _named() -> Mapping[str, set[str]]:
    """Return every word in the code that has the shape of an event's name, with the rooms that have it."""
    named: dict[str, set[str]] = {}
    for path, tree in _trees().items():
        if _room(path) not in _BESIDE:
            for name in _names(tree, _of_logs(tree)):
                named.setdefault(name, set()).add(_room(path))
    for path in _SOURCE.rglob("*.sql"):
        if "migrations" not in path.parts and _room(path) not in _BESIDE:
            for name in re.findall(r"'([a-z_]+\.[a-z_]+)'", path.read_text(encoding="utf-8")):
                named.setdefault(name, set()).add(_room(path))
    return named


def _written_as_such() -> Iterator[str]:
    """Return the names that stand where an event is made, such as `Event(name=...)` and `event_of("...")`."""
    for path, tree in _trees().items():
        for call in ast.walk(tree):
            if not isinstance(call, ast.Call) or _room(path) in _BESIDE:
                continue
            called = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
            if re.search("event|tell", called, re.IGNORECASE):
                for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
                    if isinstance(argument, ast.Constant):
                        yield from _names(argument, set())


def test_every_event_that_is_written_or_read_is_declared() -> None:
    things = {name.split(".")[0] for name in SENTENCES.kinds}
    named = {name for name in _named() if name.split(".")[0] in things} - _NO_EVENTS
    named |= set(_written_as_such())
    assert sorted(named - set(SENTENCES.kinds)) == []


def test_no_name_of_an_event_is_put_together() -> None:
    """A name by state is looked up in a table of them, so that the names that are written can be counted."""
    things = {name.split(".")[0] for name in SENTENCES.kinds}
    for path, tree in _trees().items():
        logged = _of_logs(tree)
        for text in ast.walk(tree):
            if isinstance(text, ast.JoinedStr) and id(text) not in logged and len(text.values) > 1:
                start = text.values[0]
                if isinstance(start, ast.Constant) and str(start.value).endswith("."):
                    assert str(start.value)[:-1] not in things, f"{path}:{text.lineno}"


def test_what_is_declared_is_written_by_its_room_or_one_above() -> None:
    assert sorted(SENTENCES.kinds.keys() - _named().keys()) == [], "nobody writes it"


def test_an_event_is_declared_in_a_room_that_writes_it() -> None:
    for path in _SOURCE.glob("*/events.py"):
        for name in re.findall(r'EventKind\(\s*"([\w.]+)"', path.read_text(encoding="utf-8")):
            rooms = _named().get(name, set())
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
