"""Whether the fast tests of the pure decisions notice a wrong sign: mutants of the code, and which survive.

    make mutants                          a sample of 90, with a new seed that is printed
    make mutants ARGS='--seed 7'          the same sample again
    make mutants ARGS='--sample 0'        every mutant there is
    make mutants ARGS='--only gate/'      of the files whose path has this in it

The mutants are Cosmic Ray's: a comparison turned or moved to its boundary, a sign turned, a constant one more
or one less, `and` for `or`; and of our own, `min` for `max`. Files are found by their names and tests by what
they import, so that both may move; of the tests those run that ask for no database. Each mutant gets a fork
of one warmed process, in which the mutated text takes the file's place: nothing is written to disk.

A survivor is looked up in `scripts/mutants_known.txt`, which says why a test cannot or need not notice it.
The exit code is 1 when less than 88 % of the sample were caught, or a survivor is not known.
"""

import argparse
import ast
import contextlib
import gc
import importlib.abc
import importlib.util
import os
import random
import secrets
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

import parso
import pytest
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators import provider
from cosmic_ray.operators.operator import Example, Operator
from hypothesis import Phase, settings

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "src"
TESTS = ROOT / "tests"
KNOWN = ROOT / "scripts" / "mutants_known.txt"
# Names of files in which something is decided without I/O, in whatever room they stand.
PURE = ("decide.py", "lots_decide.py", "way.py", "learn.py", "adapt.py", "plan.py", "quote.py", "choose.py")
CAUGHT_LEAST = 0.88
_TIMES_SLOWER_MAX = 10  # than without a mutant; then the test goes on for ever, and has noticed
_SECONDS_LEAST = 20.0
_EXAMPLES_MAX = 25  # of each law: fewer than the tests have by themselves, so that a sample takes minutes
_NO_TEST = int(pytest.ExitCode.NO_TESTS_COLLECTED)


class ReplaceMinWithMax(Operator):  # type: ignore[misc]
    """`min` for `max` and the other way round, where they are called."""

    _OTHER = {"min": "max", "max": "min"}  # noqa: RUF012

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:
        if node.type == "name" and node.value in self._OTHER:
            called = node.get_next_leaf()
            before = node.get_previous_leaf()
            if called is not None and called.value == "(" and (before is None or before.value != "."):
                yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        return parso.python.tree.Name(self._OTHER[node.value], node.start_pos, node.prefix)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example("max(a, b)", "min(a, b)"), Example("min(a, b)", "max(a, b)"))


_COMPARISONS = (
    "Lt_LtE", "Lt_GtE", "LtE_Lt", "LtE_Gt", "Gt_GtE", "Gt_LtE", "GtE_Gt", "GtE_Lt", "Eq_NotEq", "NotEq_Eq",
    "Is_IsNot", "IsNot_Is",
)  # fmt: skip
_SIGNS = ("Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "FloorDiv_Mul", "Mod_Mul")
_NAMES = (
    *(f"ReplaceComparisonOperator_{name}" for name in _COMPARISONS),
    *(f"ReplaceBinaryOperator_{name}" for name in _SIGNS),
    "ReplaceUnaryOperator_Delete_USub", "NumberReplacer", "ReplaceAndWithOr", "ReplaceOrWithAnd",
)  # fmt: skip


def operators() -> dict[str, Operator]:
    core = provider.OperatorProvider()
    return {**{name: core[name]() for name in _NAMES}, "ReplaceMinWithMax": ReplaceMinWithMax()}


@dataclass(frozen=True)
class Mutant:
    """One change of one file: the `occurrence`-th place at which the operator finds work."""

    path: Path
    operator: str
    occurrence: int
    line: int

    @cached_property
    def source(self) -> str:
        """The whole text of the file with the change."""
        text = self.path.read_text(encoding="utf-8")
        return mutate_code(text, operators()[self.operator], self.occurrence) or text

    @cached_property
    def before(self) -> str:
        return self.path.read_text(encoding="utf-8").splitlines()[self.line - 1].strip()

    @cached_property
    def after(self) -> str:
        return self.source.splitlines()[self.line - 1].strip()

    @property
    def key(self) -> str:
        """What names it in the list of those known: the file's name and the line, not where they stand."""
        return f"{self.path.name} | {self.before} | {self.after}"

    @property
    def is_other_code(self) -> bool:
        """Tell whether it is other code, and code at all; the `*` and `/` of a signature are no signs."""
        try:
            trees = ast.parse(self.path.read_text(encoding="utf-8")), ast.parse(self.source)
        except SyntaxError:
            return False
        if ast.dump(trees[0]) == ast.dump(trees[1]):
            return False
        kinds = [
            [len(node.kwonlyargs) for node in ast.walk(tree) if isinstance(node, ast.arguments)]
            for tree in trees
        ]
        return kinds[0] == kinds[1]

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}\n    - {self.before}\n    + {self.after}"


def mutants_of(path: Path) -> Iterator[Mutant]:
    nodes = list(ast_nodes(get_ast(path.read_text(encoding="utf-8"))))
    for name, operator in operators().items():
        positions = [place for node in nodes for place in operator.mutation_positions(node)]
        for occurrence, ((line, _column), _end) in enumerate(positions):
            yield Mutant(path, name, occurrence, line)


def sample_of(everything: Sequence[Mutant], count: int, seed: int) -> list[Mutant]:
    """Return so many in an order that the seed gives; 0: all."""
    shuffled = random.Random(seed).sample(everything, len(everything))
    return list(islice((mutant for mutant in shuffled if mutant.is_other_code), count or None))


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(SOURCES).with_suffix("").parts)


def tests_of(module: str) -> list[Path]:
    """Return the test files that import the module by its name; those named after it come first."""
    room, name = module.rsplit(".", 2)[-2:]
    found = [path for path in sorted(TESTS.rglob("test_*.py")) if module in _imports(path)]
    return sorted(found, key=lambda path: (path.stem != f"test_{name}", path.parent.name != room))


@cache
def _imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


class PureOnly:
    """Leaves the tests that need nothing of a `conftest.py` (there are the databases), examples first.

    `files`: where those are that were left.
    """

    def __init__(self) -> None:
        self.files: set[Path] = set()

    def pytest_collection_modifyitems(self, items: list[pytest.Function]) -> None:
        items[:] = sorted(filter(self._is_pure, items), key=self._is_property)
        self.files = {item.path for item in items}
        for item in items:
            if self._is_property(item):
                test: Any = item.obj
                wanted = test._hypothesis_internal_use_settings
                test._hypothesis_internal_use_settings = settings(
                    wanted, max_examples=min(wanted.max_examples, _EXAMPLES_MAX)
                )

    def _is_pure(self, item: pytest.Function) -> bool:
        there = {*item._fixtureinfo.name2fixturedefs, "request", *self._arguments(item)}
        return there.issuperset(item.fixturenames) and item.get_closest_marker("slow") is None

    def _arguments(self, item: pytest.Function) -> tuple[str, ...]:
        return tuple(item.callspec.params) if hasattr(item, "callspec") else ()

    def _is_property(self, item: pytest.Function) -> bool:
        return bool(getattr(item.obj, "is_hypothesis_test", False))


class _InPlaceOf(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports the mutated text for one module, and leaves all others alone."""

    def __init__(self, module: str, path: Path, source: str) -> None:
        self._module, self._path, self._source = module, path, source

    def find_spec(self, fullname: str, path: Any, target: ModuleType | None = None) -> Any:
        if fullname == self._module:
            return importlib.util.spec_from_loader(fullname, self, origin=str(self._path))
        return None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._source, str(self._path), "exec"), module.__dict__)


def run_tests(files: Sequence[Path], *arguments: str, pure: PureOnly | None = None) -> int:
    """Run the pure tests of these files in this process; the first failure ends it."""
    return pytest.main(
        [
            *map(str, files),
            "-x",
            "-q",
            "--noconftest",
            "--assert=plain",
            "--tb=no",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:xdist",
            "-p",
            "no:unraisableexception",
            "--hypothesis-profile=mutants",
            "-W",
            "ignore::pytest.PytestAssertRewriteWarning",
            "-o",
            "addopts=--disable-socket --allow-unix-socket",
            *arguments,
        ],
        plugins=[pure or PureOnly()],
    )


@cache
def above(module: str) -> set[str]:
    """Return the modules of ours, of those imported, that stand on this one, and it."""
    ours = {
        name: _imports(Path(loaded.__file__))
        for name, loaded in sys.modules.items()
        if name.partition(".")[0] in ("safar", "tests") and loaded.__file__
    }
    reached, new = {module}, {module}
    while new:
        new = {name for name, imports in ours.items() if imports & reached and name not in reached}
        reached |= new
    return reached


def forget(modules: Iterable[str]) -> None:
    """Let these be imported anew, also by `from package import module`."""
    for name in modules:
        if sys.modules.pop(name, None) is not None and name.rpartition(".")[0] in sys.modules:
            package, _dot, last = name.rpartition(".")
            vars(sys.modules[package]).pop(last, None)


def in_fork(files: Sequence[Path], path: Path, source: str, seconds_max: float) -> int | None:
    """Return pytest's exit code with `source` in place of the file at `path`; None after `seconds_max`."""
    stale = above(module_of(path))
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        code = 70
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
            sys.meta_path.insert(0, _InPlaceOf(module_of(path), path, source))
            forget(stale)
            code = int(run_tests(files))
        finally:
            os._exit(code)
    until = time.monotonic() + seconds_max
    while time.monotonic() < until:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def known_reasons() -> dict[str, str]:
    """Read the list: a heading `# reason` over lines `file.py | before | after`."""
    reasons, reason = {}, ""
    for line in KNOWN.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            reason = line.removeprefix("# ")
        elif " | " in line:
            reasons[line.strip()] = reason
    return reasons


def warmed(paths: Sequence[Path]) -> set[Path]:
    """Import once all that the tests of these files import; return the files that have pure tests."""
    pure = PureOnly()
    files = sorted({file for path in paths for file in tests_of(module_of(path))})
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        run_tests(files, "--collect-only", pure=pure)
    gc.freeze()
    return pure.files


def measured(paths: Sequence[Path]) -> dict[Path, tuple[list[Path], float]]:
    """Return the tests of each file and their seconds with its own text; ends the program if they fail."""
    tests: dict[Path, tuple[list[Path], float]] = {}
    pure = warmed(paths)
    for path in paths:
        files = [file for file in tests_of(module_of(path)) if file in pure]
        begun = time.monotonic()
        code = in_fork(files, path, path.read_text(encoding="utf-8"), 300) if files else _NO_TEST
        if code != 0:
            names = " ".join(str(file.relative_to(ROOT)) for file in files)
            what = "no pure test imports it" if code == _NO_TEST else f"the tests fail by themselves ({code})"
            sys.exit(f"{path.relative_to(ROOT)}: {what}: {names}")
        tests[path] = (files, time.monotonic() - begun)
    return tests


def main() -> int:
    parser = argparse.ArgumentParser(description="Mutants of the pure decisions, and which tests miss.")
    parser.add_argument("--seed", type=int, default=None, help="of the sample; a new one when left out")
    parser.add_argument("--sample", type=int, default=90, help="how many mutants; 0 for all")
    parser.add_argument("--only", default="", help="of the files whose path contains this")
    arguments = parser.parse_args()
    os.chdir(ROOT)
    seed = secrets.randbelow(1_000_000) if arguments.seed is None else arguments.seed
    paths = [path for path in sorted(SOURCES.rglob("*.py")) if path.name in PURE]
    paths = [path for path in paths if arguments.only in str(path.relative_to(ROOT))]
    everything = [mutant for path in paths for mutant in mutants_of(path)]
    sample = sample_of(everything, arguments.sample, seed)
    print(f"seed {seed}: {len(sample)} of {len(everything)} places in {len(paths)} files", flush=True)

    settings.register_profile(
        "mutants", derandomize=True, database=None, deadline=None, phases=[Phase.explicit, Phase.generate]
    )
    begun = time.monotonic()
    tests = measured(sorted({mutant.path for mutant in sample}))
    survivors = []
    for mutant in sample:
        files, seconds = tests[mutant.path]
        limit_s = max(_SECONDS_LEAST, _TIMES_SLOWER_MAX * seconds)
        if in_fork(files, mutant.path, mutant.source, limit_s) == 0:
            survivors.append(mutant)
            print(f"survives  {mutant}", flush=True)
    return report(sample, survivors, time.monotonic() - begun)


def report(sample: Sequence[Mutant], survivors: Sequence[Mutant], seconds: float) -> int:
    known = known_reasons()
    caught = len(sample) - len(survivors)
    share = caught / len(sample) if sample else 1.0
    unknown = [mutant for mutant in survivors if mutant.key not in known]
    print(f"caught {caught} of {len(sample)} ({share:.1%}) in {seconds:.0f} s")
    for mutant in survivors:
        print(f"{known.get(mutant.key, 'NOT KNOWN, wants a test')}: {mutant.key}")
    return 1 if share < CAUGHT_LEAST or unknown else 0


if __name__ == "__main__":
    sys.exit(main())
