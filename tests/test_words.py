"""One word, one thing: what a name of the house means does not depend on the file it stands in."""

import ast
import gc
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).parent.parent
_SOURCE = _ROOT / "src" / "safar"
_WORDS = _ROOT / "docs" / "words.md"

# The names that several rooms give to the same thing of each, and why.
_ONE_A_ROOM = {
    "asks": "a room that is asked before its messages leave says so in its own; work.py puts them together",
    "loops": "what runs by itself in a room, started by work.py",
    "main": "the entrance of a program",
    "measure": "the bench of a file of bench/, started by its name",
    "routes": "the pages of a room that are made of what it is given; elsewhere they are a constant",
    "subscribers": "the readers of the journal in a room, started by work.py",
}
# What things were called before they got a name that says what they are.
_NOT_SAID = {"gifts", "sister", "sisters", "Turned", "Advanced", "GiveBack", "give_back", "Unheard"}


@cache
def _trees() -> dict[Path, ast.Module]:
    # CPython 3.11 breaks off when a collection runs Python code while it builds the tree (gh-106905).
    gc.disable()
    try:
        return {path: ast.parse(path.read_text(encoding="utf-8")) for path in _SOURCE.rglob("*.py")}
    finally:
        gc.enable()


def _public_names() -> dict[str, set[str]]:
    """Return where each public class and function is defined; an overloaded one counts once a file."""
    places: dict[str, set[str]] = defaultdict(set)
    for path, tree in _trees().items():
        if path.is_relative_to(_SOURCE / "migrations"):
            continue
        for node in tree.body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                places[node.name].add(str(path.relative_to(_SOURCE)))
    return {name: files for name, files in places.items() if not name.startswith("_")}


def test_no_public_class_or_function_has_the_name_of_another() -> None:
    several = {name: sorted(files) for name, files in _public_names().items() if len(files) > 1}
    assert {name: files for name, files in several.items() if name not in _ONE_A_ROOM} == {}, (
        "docs/words.md has the words of the house: find one that says which of them this is"
    )
    assert sorted(_ONE_A_ROOM) == sorted(several), "a name stands once by now: take it off the list"


def _names(tree: ast.Module) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.arg(arg=name):
                names.add(name)
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names.add(name)
    return names


def test_things_are_called_by_their_names() -> None:
    said = {
        f"{path.relative_to(_ROOT)}: {word}"
        for path, tree in _trees().items()
        for word in _NOT_SAID & _names(tree)
    }
    assert said == set()


def test_each_word_of_the_house_has_one_meaning_and_names_what_is_there() -> None:
    rows = re.findall(r"^\| (`?[^|]+?`?) \| [^|]+ \|", _WORDS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    words = [
        word.strip()
        for row in rows
        if set(row) != {"-"} and row not in ("word", "verb")
        for word in row.split(",")
    ]
    assert len(words) > 60, "docs/words.md has lost its tables"
    assert sorted(words) == sorted(set(words)), "a word has two meanings"
    named = set(re.findall(r"`([A-Z]\w+)`", _WORDS.read_text(encoding="utf-8")))
    assert sorted(named - set(_public_names())) == [], "docs/words.md names what is not defined any more"
