"""What holds for the whole source: documented, small, used, and with a schema that any start can bring up."""

import ast
import gc
import multiprocessing
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from safar.journal.actions import QUERIES as JOURNAL
from safar.journal.partitions import make_ahead
from safar.kernel import migrate as migrations
from safar.kernel.database import Database, value
from safar.kernel.migrate import migrate
from safar.kernel.postgres import EmbeddedPostgres
from safar.kernel.queries import Queries
from safar.kernel.schema import check_schema
from safar.migrations import ROOMS
from safar.settings import Settings

_ROOT = Path(__file__).parent.parent
_SOURCE = _ROOT / "src" / "safar"
_PYTHON = sorted(_SOURCE.rglob("*.py"))
_OWN_TEXTS = sorted(
    path
    for folder in ("src", "tests", "scripts", "docs")
    for path in (_ROOT / folder).rglob("*")
    if path.suffix in {".py", ".sql", ".html", ".css", ".js", ".md", ".sh", ".toml"}
    and "vendor" not in path.parts
    and path != Path(__file__)
)
_LINES_MAX = 400
_FUNCTION_LINES_MAX = 70
_OPERATIONS = _ROOT / "docs" / "operations.md"


@cache
def _nodes(path: Path) -> list[ast.AST]:
    """Return a file's tree, node by node, its module first; read and walked once for all questions."""
    # CPython 3.11 breaks off when a collection runs Python code while it builds the tree (gh-106905).
    gc.disable()
    try:
        return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    finally:
        gc.enable()


def _named(path: Path) -> str:
    return str(path.relative_to(_ROOT))


def _settings_section() -> str:
    assert _OPERATIONS.exists(), "docs/operations.md is missing: it lists every setting under '## Settings'"
    parts = re.split(r"^## +", _OPERATIONS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = [part for part in parts if part.startswith("Settings\n")]
    assert len(found) == 1, "docs/operations.md needs one heading '## Settings'"
    return found[0]


def test_every_setting_has_a_docstring_and_stands_in_the_operations_guide() -> None:
    bare = [name for name, field in Settings.model_fields.items() if not field.description]
    assert bare == [], "settings.py: give each a docstring that says what it does"
    section = _settings_section()
    missing = [
        f"| `SAFAR_{name.upper()}` | … | {field.description} |"
        for name, field in Settings.model_fields.items()
        if f"`SAFAR_{name.upper()}`" not in section
    ]
    assert missing == [], "docs/operations.md does not name them: add rows to its table of settings"


def test_the_operations_guide_names_no_setting_that_is_gone_and_gives_the_true_defaults() -> None:
    rows = re.findall(r"^\| `SAFAR_(\w+)` \| (.*?) \|", _settings_section(), flags=re.MULTILINE)
    assert len(rows) == len({name for name, _default in rows}), "a setting is listed twice"
    for name, default in rows:
        field = Settings.model_fields.get(name.lower())
        assert field is not None, f"docs/operations.md names SAFAR_{name}, which settings.py does not have"
        true = "" if field.default in (None, "") else f"`{field.default}`"
        assert default == true, (
            f"docs/operations.md gives {default or 'no default'} for SAFAR_{name}, not {true}"
        )


def _constants(path: Path) -> set[str]:
    return {
        node.value for node in _nodes(path) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def _query_files(path: Path) -> dict[str, Path]:
    """Return the names under which a module knows queries, each with the file they come from."""
    known = {"QUERIES": path.with_name("queries.sql")}
    for node in _nodes(path):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            call, name = node.value, node.targets[0]
            if isinstance(call.func, ast.Name) and call.func.id == "queries_beside" and call.args[1:]:
                file = call.args[1]
                assert isinstance(name, ast.Name)
                assert isinstance(file, ast.Constant)
                known[name.id] = path.with_name(str(file.value))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("safar."):
            known |= {
                alias.asname or alias.name: _home_of_queries(node.module)
                for alias in node.names
                if alias.name == "QUERIES"
            }
    return known


@cache
def _home_of_queries(module: str) -> Path:
    path = _SOURCE.joinpath(*module.split(".")[1:]).with_suffix(".py")
    return _query_files(path)["QUERIES"] if path.exists() else path.with_name("queries.sql")


@cache
def _asked_for() -> dict[Path, set[str]]:
    """Return the names in QUERIES["name"], as written anywhere, by the file that must have them."""
    asked: dict[Path, set[str]] = {}
    for path in _PYTHON:
        known = _query_files(path)
        for node in _nodes(path):
            if (
                isinstance(node, ast.Subscript)
                and isinstance(node.value, ast.Name)
                and node.value.id in known
                and isinstance(node.slice, ast.Constant)
            ):
                asked.setdefault(known[node.value.id], set()).add(str(node.slice.value))
    return asked


def _begun(path: Path) -> set[str]:
    """Return what the names in QUERIES[f"begin_{word}"] begin with."""
    return {
        str(node.slice.values[0].value)
        for node in _nodes(path)
        if isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.JoinedStr)
        and isinstance(node.slice.values[0], ast.Constant)
    }


_QUERIES = [file for file in _SOURCE.rglob("*.sql") if not {"migrations", "bench"} & set(file.parts)]


@pytest.mark.parametrize("file", sorted(_QUERIES), ids=_named)
def test_every_query_is_used_by_its_room_and_every_query_used_exists(file: Path) -> None:
    named = set(Queries(file).by_name)
    asked = _asked_for().get(file, set())
    assert asked <= named, f"{_named(file)} has no {sorted(asked - named)}"
    said = set().union(*map(_constants, file.parent.glob("*.py")))
    begun = set().union(*map(_begun, file.parent.glob("*.py")))
    said |= {begin + word for begin in begun for word in said if begin + word in named}
    assert named <= said, f"nobody uses {sorted(named - said)} of {_named(file)}: delete what is dead"


def test_queries_are_asked_for_only_where_there_are_some() -> None:
    missing = [_named(file) for file in _asked_for() if not file.exists()]
    assert missing == []


def test_a_query_named_twice_or_asked_for_under_a_wrong_name_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "queries.sql"
    file.write_text("-- name: one\n-- why\nSELECT 1\n\n-- name: two\nSELECT 2\n")
    queries = Queries(file)
    assert queries["one"] == "-- why\nSELECT 1"
    with pytest.raises(KeyError):
        queries["three"]
    file.write_text("-- name: one\nSELECT 1\n-- name: one\nSELECT 2\n")
    with pytest.raises(ValueError, match="twice"):
        Queries(file)


def test_a_fragment_stands_in_the_statements_that_name_it_and_a_wrong_name_is_an_error(
    tmp_path: Path,
) -> None:
    file = tmp_path / "queries.sql"
    statement = "-- name: one\nSELECT {order} FROM orders WHERE label <> '{}' AND code ~ '[0-9]{8}'\n"
    file.write_text(f"-- fragment: order\nid,\n  number\n\n{statement}")
    whole = "SELECT id,\n  number FROM orders WHERE label <> '{}' AND code ~ '[0-9]{8}'"
    assert Queries(file).by_name == {"one": whole}
    for text, problem in (
        (statement, "no fragment order"),
        ("-- fragment: order\nid\n-- name: one\nSELECT 1\n", "order nowhere"),
        (f"-- fragment: order\nid\n-- fragment: order\nid\n{statement}", "twice"),
    ):
        file.write_text(text)
        with pytest.raises(ValueError, match=problem):
            Queries(file)


def test_files_and_functions_are_small_enough_to_read() -> None:
    large = []
    for path in _PYTHON:
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > _LINES_MAX:
            large.append(f"{_named(path)} has {lines} lines: split it by capability")
        for node in _nodes(path):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                if length > _FUNCTION_LINES_MAX:
                    large.append(f"{_named(path)}: {node.name} has {length} lines")
    assert large == []


def test_templates_styles_scripts_and_queries_are_small_enough_to_read() -> None:
    for path in _OWN_TEXTS:
        if path.suffix in {".html", ".css", ".js", ".sql"} and _SOURCE in path.parents:
            lines = len(path.read_text(encoding="utf-8").splitlines())
            assert lines <= _LINES_MAX, f"{_named(path)} has {lines} lines"


def test_nothing_is_left_to_be_done_later() -> None:
    later = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    found = [
        f"{_named(path)}:{number}"
        for path in _OWN_TEXTS
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if later.search(line)
    ]
    assert found == [], "build it, or leave it out and say so"


def test_every_module_says_what_it_is_for() -> None:
    modules = {path: node for path in _PYTHON for node in _nodes(path)[:1] if isinstance(node, ast.Module)}
    bare = [_named(path) for path in _PYTHON if not ast.get_docstring(modules[path])]
    assert bare == [], "begin the file with a docstring"


def _module(path: Path) -> str:
    parts = path.relative_to(_SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports_between_folders() -> dict[str, dict[str, str]]:
    """Return, by folder of the package, the folders it imports from, each with one import that does so.

    The files directly in `safar` count each by itself.
    """
    modules = {_module(path): path for path in _PYTHON}

    def folder(module: str) -> str:
        inside = module if modules[module].name == "__init__.py" else module.rpartition(".")[0]
        return module if inside == "safar" else inside

    found: dict[str, dict[str, str]] = {}
    for module, path in modules.items():
        for node in _nodes(path):
            names: list[str] = []
            if isinstance(node, ast.ImportFrom) and node.module:
                one_by_one = [f"{node.module}.{alias.name}" for alias in node.names]
                names = [name if name in modules else node.module for name in one_by_one]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            for name in names:
                if name in modules and folder(name) != folder(module):
                    found.setdefault(folder(module), {}).setdefault(folder(name), f"{module} -> {name}")
    return found


def test_no_two_folders_import_each_other_by_whatever_way() -> None:
    imports = _imports_between_folders()
    done: set[str] = set()

    def walk(folder: str, way: list[str]) -> None:
        assert folder not in way, " and ".join(
            imports[a][b]
            for a, b in zip(way[way.index(folder) :], [*way[way.index(folder) + 1 :], folder], strict=True)
        )
        if folder not in done:
            for other in sorted(imports.get(folder, ())):
                walk(other, [*way, folder])
            done.add(folder)

    for folder in sorted(imports):
        walk(folder, [])
    assert len(done) > 30


_PATH_IN_DOCS = re.compile(r"`([\w./*-]+\.(?:py|sql|html|css|js|txt|toml|sh)|[\w-]+(?:/[\w-]+)*/)(?::\w+)?`")
_ELSEWHERE = ("~", "/", "data/", "http")


@pytest.mark.parametrize(
    "page",
    sorted([*(_ROOT / "docs").rglob("*.md"), _ROOT / "README.md", _ROOT / "CONTRIBUTING.md"]),
    ids=_named,
)
def test_files_that_the_documentation_names_are_there(page: Path) -> None:
    bases = (_ROOT, _SOURCE, _ROOT / "src", _ROOT / "tests", page.parent)
    gone = [
        name
        for name in _PATH_IN_DOCS.findall(page.read_text(encoding="utf-8"))
        if "/" in name and not name.startswith(_ELSEWHERE) and not any(_there(base, name) for base in bases)
    ]
    assert gone == [], f"{_named(page)} names {gone}"


def _there(base: Path, name: str) -> bool:
    return any(True for _path in base.glob(name)) or any(True for _path in base.glob(f"*/{name}"))


def test_time_is_read_in_one_place_only() -> None:
    """A test that holds the clock must hold all of it."""
    readings = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"}
    for path in _PYTHON:
        if path == _SOURCE / "kernel" / "clock.py":
            continue
        for node in _nodes(path):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                reading = f"{node.value.id}.{node.attr}"
                where = f"{_named(path)}:{node.lineno}"
                assert reading not in readings, f"{where} reads the time by {reading}: use kernel.clock.now()"


_DAY_IN_SQL = re.compile(
    r"current_date|localtime|date_trunc|(?<!AT TIME ZONE %\(zone\)s\))(?<!\(today\)s)::date\b", re.I
)


@pytest.mark.finding("goods-G")
def test_a_moment_becomes_a_day_in_one_place_only() -> None:
    """By the shop's zone: a database and a server in UTC are a day behind or ahead of it for hours."""
    for path in _PYTHON:
        if path == _SOURCE / "kernel" / "clock.py":
            continue
        for node in _nodes(path):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                where = f"{_named(path)}:{node.lineno}"
                assert node.func.attr != "date" or node.args or node.keywords, (
                    f"{where} makes a day of a moment: use kernel.clock.shop_day or today"
                )
    for path in sorted([*_QUERIES, *(_SOURCE / "migrations" / "sql").glob("*.sql")]):
        found = _DAY_IN_SQL.search(path.read_text(encoding="utf-8"))
        assert found is None or path.parent.name == "bench", (
            f"{_named(path)} makes a day by {found[0]}: use (… AT TIME ZONE %(zone)s)::date"
        )


def _heads() -> list[str]:
    config = Config()
    config.set_main_option("script_location", str(_SOURCE / "migrations"))
    config.set_main_option("path_separator", "os")
    return list(ScriptDirectory.from_config(config).get_heads())


def test_the_migrations_are_one_line_and_each_has_its_sql() -> None:
    assert len(_heads()) == 1
    versions = {path.stem for path in (_SOURCE / "migrations" / "versions").glob("*.py")}
    scripts = {path.stem for path in (_SOURCE / "migrations" / "sql").glob("*.sql")}
    assert scripts == {*ROOMS, *versions} - {"0001_rooms"}


@pytest.fixture
def empty_database(postgres: EmbeddedPostgres) -> Iterator[str]:
    name = "test_of_migrations"
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield postgres.url(name)
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _schema(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(
            "SELECT table_name, column_name, data_type, column_default, is_nullable"
            " FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2"
        ).fetchall()


def test_processes_that_start_together_bring_an_empty_database_up_once(empty_database: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=migrate, args=(empty_database,)) for _process in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    with psycopg.connect(empty_database) as connection:
        versions = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    assert [version for (version,) in versions] == _heads()
    before = _schema(empty_database)
    assert len({row[0] for row in before}) > 20
    migrate(empty_database)
    assert _schema(empty_database) == before, "migrating again changes nothing"


@pytest.mark.parametrize("spelling", ["postgres://", "keywords"])
def test_a_database_is_named_in_any_way_that_postgresql_knows(empty_database: str, spelling: str) -> None:
    if spelling == "keywords":
        url = psycopg.conninfo.make_conninfo(empty_database)
        assert "=" in url
    else:
        url = empty_database.replace("postgresql://", "postgres://", 1)
    migrate(url)
    assert _schema(empty_database)


@pytest.mark.finding("issue-7.13")
def test_a_program_and_a_schema_that_do_not_belong_together_say_so(empty_database: str) -> None:
    with pytest.raises(RuntimeError, match="has no tables of Safar"):
        check_schema(empty_database)
    migrate(empty_database)
    check_schema(empty_database)
    with psycopg.connect(empty_database, autocommit=True) as connection:
        for change, said in (
            ("UPDATE schema_files SET digest = 'other' WHERE revision = 'orders'", "orders"),
            ("DELETE FROM schema_files WHERE revision = 'orders'", "older than this program"),
            ("INSERT INTO schema_files (revision, digest) VALUES ('9999_later', '')", "newer than this"),
        ):
            connection.execute(change)
            with pytest.raises(RuntimeError, match=said):
                check_schema(empty_database)
        connection.execute("UPDATE alembic_version SET version_num = '9999_later'")
    with pytest.raises(RuntimeError, match="newer than this program"):
        migrate(empty_database)
    for last, kept in (("0021_outgoing", "0002_journal"), ("0006_order_forms", "0002_search")):
        with psycopg.connect(empty_database, autocommit=True) as connection:
            connection.execute("DELETE FROM schema_files WHERE revision ~ '^[09]'")
            connection.execute("INSERT INTO schema_files (revision, digest) VALUES (%s, '')", [kept])
            connection.execute("UPDATE alembic_version SET version_num = %s", [last])
        with pytest.raises(RuntimeError, match=r"made before the first release.* Use a new database"):
            migrate(empty_database)


@pytest.mark.finding("issue-7.13")
def test_migrations_wait_for_another_process_with_a_bound(empty_database: str) -> None:
    with psycopg.connect(empty_database) as other:
        other.execute(
            "SELECT pg_advisory_lock(%s, hashtext(current_schema()))", [migrations._MIGRATION_CLASS]
        )
        with pytest.raises(RuntimeError, match="Another process has been migrating"):
            migrate(empty_database, wait_s_max=0)
    migrate(empty_database)


@pytest.mark.finding("issue-7.13")
def test_a_migration_that_finds_its_table_in_use_is_tried_again(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrades: list[str] = []

    def upgrade(_config: Config, _revision: str) -> None:
        upgrades.append("upgrade")
        if len(upgrades) < 3:
            raise psycopg.errors.LockNotAvailable
        real_upgrade(_config, _revision)

    real_upgrade = command.upgrade
    monkeypatch.setattr(command, "upgrade", upgrade)
    monkeypatch.setattr(migrations, "_PAUSE_S", 0)
    migrate(empty_database)
    assert len(upgrades) == 3
    upgrades[:] = []
    monkeypatch.setattr(migrations, "_TRIES_MAX", 2)
    with pytest.raises(RuntimeError, match="tables are in use"):
        migrate(empty_database)


@pytest.mark.finding("issue-7.13")
@pytest.mark.finding("security-low-partitions")
async def test_two_shops_in_one_database_do_not_meet(empty_database: str, tmp_path: Path) -> None:
    def shop(name: str) -> str:
        return psycopg.conninfo.make_conninfo(empty_database, options=f"-csearch_path={name},public")

    with pytest.raises(RuntimeError, match='CREATE SCHEMA "one"'):
        migrate(shop("one"))
    settings = Settings(data_dir=tmp_path)
    channels = set()
    migrate(empty_database)  # somebody's first shop, in public: further along every search path
    with psycopg.connect(empty_database, autocommit=True) as by_hand:
        for name in ("one", "two"):
            by_hand.execute(f"CREATE SCHEMA {name}")
    for url in (empty_database, shop("one"), shop("two")):
        migrate(url)
        database = Database(url, settings)
        await database.open()
        await make_ahead(database)
        async with database.connection() as connection:
            channels.add(await value(connection, JOURNAL["channel"]))
            months = (
                "SELECT count(*) FROM pg_inherits WHERE inhparent = 'journal_events'::regclass"
                " AND inhrelid <> 'journal_events_other'::regclass"
            )
            assert await value(connection, months) == 4
        await database.close()
    assert len(channels) == 3


def test_what_a_checker_is_told_to_pass_over_says_why() -> None:
    told = re.compile(r"#\s*(?:noqa|type: ignore)(?::\s*[A-Z0-9, ]+|\[[\w, -]+\])?(.*)")
    silent = [
        f"{_named(path)}:{number}"
        for path in _PYTHON
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if (found := told.search(line)) and len(found[1].strip(" -–#")) <= 10
    ]
    assert silent == [], "say why"


_TESTS = _ROOT / "tests"
# Folders of tests that are none of the code's: what they play on, and what only a browser can show.
_OWN_FOLDERS = {Path("stage"), Path("browser"), Path("vendor"), Path("channels/corpus")}


def _imported(path: Path) -> Iterator[str]:
    for node in _nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_no_test_takes_anything_from_another_test() -> None:
    taken = [
        f"{_named(path)} imports {name}"
        for path in sorted(_TESTS.rglob("*.py"))
        for name in _imported(path)
        if name.startswith("tests.") and re.search(r"\.(test_\w+|conftest)(\.|$)", name)
        if (_TESTS / name.removeprefix("tests.").replace(".", "/")).with_suffix(".py").exists()
    ]
    assert taken == [], "tests/stage is the place of what several tests use"


def test_the_folders_of_the_tests_are_those_of_the_code() -> None:
    folders = {path.parent.relative_to(_TESTS) for path in _TESTS.rglob("*.py")}
    strange = [str(folder) for folder in sorted(folders - _OWN_FOLDERS) if not (_SOURCE / folder).is_dir()]
    assert strange == [], "src/safar has no such folder: tests lie as the code does"
