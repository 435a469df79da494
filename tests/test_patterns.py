"""Every regular expression over text that others write takes time that grows with its length, no faster."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from safar.channels.registry import KINDS

# What `re` itself reads patterns with; typeshed leaves it out.
op: Any = import_module("re._constants")
parser: Any = import_module("re._parser")

SOURCE = Path(__file__).parents[1] / "src" / "safar"
OWN_TEXT = ("bench", "demo", "migrations")  # reads only what we write ourselves
OWN_FILES = {"kernel/queries.py", "answers/words.py", "catalogue/drawn_pictures.py", "answers/texts.py"}
CALLS = {"compile", "sub", "match", "search", "fullmatch", "findall", "split", "finditer", "subn"}
UNBOUNDED = 3_000  # repeats up to so many cost a factor, not a power
NESTED_MAX = 100_000
SAMPLES = [chr(number) for number in range(0x250)] + list("ءآब्🙏文\u200c\u00a0\u2003")
REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT)

pytestmark = pytest.mark.finding("issue-7.11")


def patterns() -> Iterator[tuple[str, str]]:
    """Yield every pattern of the sources with where it stands."""
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).as_posix()
        if name.startswith(OWN_TEXT) or name in OWN_FILES:
            continue
        source = path.read_text()
        for node in ast.walk(ast.parse(source)) if re.search(r"\bre\.", source) else ():
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "re"):
                continue
            if node.func.attr not in CALLS:
                continue
            try:
                text = ast.literal_eval(node.args[0])
            except ValueError:  # put together: see `test_a_pattern_is_put_together_from_constants_only`
                continue
            yield f"{name}:{node.lineno}", text.decode("latin-1") if isinstance(text, bytes) else text


def problems(pattern: str) -> list[str]:
    return list(_problems(list(parser.parse(pattern)), []))


def _problems(items: list[Any], after: list[Any]) -> Iterator[str]:
    """Yield what can take the square of a text's length: two ways to share one run of letters."""
    for at, (kind, value) in enumerate(items):
        rest = items[at + 1 :] + after
        if kind in REPEATS:
            _low, high, body = value
            body = _flat(list(body))
            if high >= UNBOUNDED:
                if _may_fail(rest):
                    yield f"an unbounded repeat before something that may not be there: {rest[0]}"
                if any(
                    k in REPEATS and v[0] != v[1] and not _apart(body, i) for i, (k, v) in enumerate(body)
                ):
                    yield "a repeat in a repeat"
            elif high * _choices(rest, body) > NESTED_MAX:
                yield "bounded repeats that share one run of letters, too many together"
            yield from _problems(body, rest)
        elif kind is op.SUBPATTERN:
            yield from _problems(list(value[-1]), rest)
        elif kind is op.BRANCH:
            for branch in value[1]:
                yield from _problems(list(branch), rest)


def _flat(items: list[Any]) -> list[Any]:
    """Return the items with those of groups in their place."""
    return [
        inner
        for kind, value in items
        for inner in (_flat(list(value[-1])) if kind is op.SUBPATTERN else [(kind, value)])
    ]


def _may_fail(rest: list[Any]) -> bool:
    """Tell whether something has to follow: then every start may be tried again and again."""
    return any(not (kind in REPEATS and value[0] == 0) for kind, value in rest)


def _choices(rest: list[Any], body: list[Any]) -> int:
    """Return how many ways there are to share a run with the bounded repeats that follow at once."""
    choices = 1
    for kind, value in rest:
        if kind in REPEATS and value[1] < UNBOUNDED and _letters(body) & _letters(list(value[2])):
            choices *= max(value[1], 1)
        elif kind not in REPEATS or value[0] > 0:
            break
    return choices


def _apart(body: list[Any], at: int) -> bool:
    """Tell whether the items beside a repeat share no letter with it, so that it ends where they begin."""
    inner = _letters(list(body[at][1][2]))
    others = [item for i, item in enumerate(body) if i != at]
    return bool(others) and not any(_letters([item]) & inner for item in others)


def _letters(items: list[Any]) -> set[str]:
    """Return the sample letters with which something of these can begin or go on."""
    found: set[str] = set()
    for kind, value in items:
        if kind is op.LITERAL:
            found.add(chr(value))
        elif kind is op.NOT_LITERAL:
            found |= set(SAMPLES) - {chr(value)}
        elif kind is op.ANY:
            found |= set(SAMPLES)
        elif kind is op.IN:
            found |= _class(value)
        elif kind in REPEATS:
            found |= _letters(list(value[2]))
        elif kind is op.SUBPATTERN:
            found |= _letters(list(value[-1]))
        elif kind is op.BRANCH:
            found = found.union(*(_letters(list(branch)) for branch in value[1]))
    return found


CATEGORIES = {
    op.CATEGORY_DIGIT: r"\d", op.CATEGORY_NOT_DIGIT: r"\D", op.CATEGORY_SPACE: r"\s",
    op.CATEGORY_NOT_SPACE: r"\S", op.CATEGORY_WORD: r"\w", op.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip


def _class(items: list[Any]) -> set[str]:
    found: set[str] = set()
    for kind, value in items:
        if kind is op.LITERAL:
            found.add(chr(value))
        elif kind is op.RANGE:
            found |= {letter for letter in SAMPLES if value[0] <= ord(letter) <= value[1]}
        elif kind is op.CATEGORY:
            found |= {letter for letter in SAMPLES if re.fullmatch(CATEGORIES[value], letter)}
    return set(SAMPLES) - found if items and items[0][0] is op.NEGATE else found


# Matched from their beginning only, over one short field; what follows the repeat cannot be part of it.
ANCHORED = {
    r"[^@\s<>\"(),;:]{1,64}@[^@\s<>\"(),;:.]+(\.[^@\s<>\"(),;:.]+)+": "kernel/web/forms.py",
}


def test_no_pattern_takes_more_than_its_share() -> None:
    # In one test: with a parameter for each, every process of the tests would read all sources.
    anchored = set()
    for where, pattern in patterns():
        if ANCHORED.get(pattern) == where.partition(":")[0]:
            anchored.add(pattern)
        else:
            assert problems(pattern) == [], (where, pattern)
    assert anchored == ANCHORED.keys(), "patterns are found, and none is let pass that is not there"


@pytest.mark.parametrize(
    "pattern",
    [
        r"<(?:br|/p)\b[^>]*>", r"(a+)+", r"\s*\n", r"[^x]*x", r"\n\s*\n", r"(\w+\s?)*$", r".*,.*;",
        r"[^@\s]+\.[^@\s]+", r"(?:a|b)*c",
    ],
)  # fmt: skip
def test_the_rule_finds_what_it_is_for(pattern: str) -> None:
    assert problems(pattern)


@pytest.mark.parametrize("pattern", [r"\s+", r"[a-z]{1,60}", r"[^\W\d_]+", r"<[^<>]*>?", r"a{1,9}b{1,9}"])
def test_the_rule_lets_pass_what_is_linear(pattern: str) -> None:
    assert problems(pattern) == []


def put_together() -> list[tuple[str, ast.Call, ast.Module]]:
    """Return the patterns that are not written out, with the file that has each."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        name, source = path.relative_to(SOURCE).as_posix(), path.read_text()
        if name.startswith(OWN_TEXT) or not re.search(r"\bre\.", source):
            continue
        tree = ast.parse(source)
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "re"
                and node.func.attr in CALLS
                and not isinstance(node.args[0], ast.Constant)
                and any(isinstance(part, ast.Name | ast.Call) for part in ast.walk(node.args[0]))
            ):
                found.append((name, node, tree))
    return found


def test_what_settings_of_channels_have_to_look_like_takes_no_more_than_its_share() -> None:
    checked = [setting.pattern for kind in KINDS.values() for setting in kind.settings if setting.pattern]
    assert checked
    assert {pattern: problems(pattern) for pattern in checked if problems(pattern)} == {}


def test_a_pattern_is_put_together_from_constants_only() -> None:
    """Names of products and options, and whatever else people type, are looked for as plain text."""
    for name, call, tree in put_together():
        if name == "channels/kinds/kind.py":  # what settings have to look like: see above
            continue
        (home,) = [one for one in tree.body if any(part is call for part in ast.walk(one))]
        assert isinstance(home, ast.Assign), f"{name}:{call.lineno} is put together while it runs"
        assert isinstance(home.targets[0], ast.Name)
        assert home.value is call
        names = {part.id for part in ast.walk(call.args[0]) if isinstance(part, ast.Name)}
        assert all(part.isupper() for part in names), f"{name}:{call.lineno} takes more than constants"
        module = import_module("safar." + name.removesuffix(".py").replace("/", "."))
        assert problems(getattr(module, home.targets[0].id).pattern) == [], name


def test_the_database_is_asked_for_no_pattern_that_is_passed_to_it() -> None:
    for path in sorted(SOURCE.rglob("*.sql")):
        if "bench" not in path.parts:
            found = re.findall(
                r"(?:!?~\*?|SIMILAR TO|regexp_\w+\([^)]{0,200})\s{0,9}%\(\w+\)s", path.read_text()
            )
            assert not found, f"{path.name}: {found}"
