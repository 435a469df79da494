"""Real PostgreSQL for every test: one server a process, and in it a database as if just made."""

import gc
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Generator, Iterator
from functools import cache
from pathlib import Path

import httpx
import hypothesis
import psycopg
import pytest
from argon2 import PasswordHasher
from httpx._transports import default as httpx_transport
from pydantic import SecretStr
from xdist.scheduler import LoadScopeScheduling

from safar.kernel.context import Context, make_context
from safar.kernel.database import Database
from safar.kernel.migrate import migrate
from safar.kernel.postgres import EmbeddedPostgres
from safar.settings import Settings
from safar.team import passwords
from tests.stage.databases import Databases
from tests.stage.mails import AUTHSERV_ID
from tests.stage.serving import serve
from tests.stage.thorough import long_form

__all__ = ["serve"]

# A test of a rule is right or wrong, not quick or slow: other work on the machine must not fail it.
hypothesis.settings.register_profile("thorough", deadline=None)
# Each run tries other examples, and one that failed is kept: many runs of few find what one of many does.
hypothesis.settings.register_profile("suite", deadline=None, max_examples=25)
hypothesis.settings.load_profile(long_form("suite", "thorough"))

# Each of these starts whole systems, reads all sources or loads half a scientific library: once is enough.
_TOGETHER = (
    "tests/browser/",
    "tests/demo/",
    "tests/stock/replenish/test_forecast.py",
    "tests/test_project.py",
)
# Each of these takes long by itself: begun first, none of them is what one worker ends with alone.
_FIRST = ("tests/test_access.py", "tests/test_bad_input.py", "tests/stock/test_sheets.py")


class _ByFolder(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Spreads tests one by one, but keeps those on one worker that share what is costly.

    pytest-xdist 3.8 finds none of its own groups (`xdist_group`) under pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((folder for folder in _TOGETHER if nodeid.startswith(folder)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> _ByFolder:
    return _ByFolder(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Started by root, servers run as an account of their own, which must get to the folders of tests."""
    if os.geteuid() == 0 and not config.option.basetemp:
        folder = config.option.basetemp = tempfile.mkdtemp(prefix="safar-tests-")
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Nothing that is loaded to collect tests is garbage: looking for it takes a tenth of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(_FIRST))


def pytest_collection_finish() -> None:
    """What was loaded by now stays: the collector of garbage need not go through it in every test."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _authorities_read_once() -> Iterator[None]:
    """Each client of httpx reads the machine's list of authorities anew: 20 to 60 ms, for plain HTTP, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpx_transport, "create_ssl_context", cache(httpx.create_ssl_context))
        yield


@pytest.fixture(scope="session", autouse=True)
def own_hasher() -> Iterator[PasswordHasher]:
    """The shop's own hasher of passwords; in its place tests have one that takes hardly any work."""
    with pytest.MonkeyPatch.context() as patch:
        own = passwords._hasher
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield own


@pytest.fixture(scope="session", autouse=True)
def _passable(tmp_path_factory: pytest.TempPathFactory) -> None:
    if os.geteuid() == 0:
        base = tmp_path_factory.getbasetemp()
        for folder in (base, base.parent):
            if folder != Path(tempfile.gettempdir()):
                folder.chmod(0o711)


def _memory() -> str | None:
    """Return a folder in memory, where there is room for databases: each test copies one."""
    shared = Path("/dev/shm")
    return str(shared) if shared.is_dir() and shutil.disk_usage(shared).free > 4 * 1024**3 else None


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A server for this test process. Tests end processes, never the machine: no fsync needed."""
    with tempfile.TemporaryDirectory(
        prefix="safar-test-", dir=_memory(), ignore_cleanup_errors=True
    ) as folder:
        server = EmbeddedPostgres(Path(folder), durable=False)
        server.start()
        try:
            with psycopg.connect(server.url(), autocommit=True) as connection:
                connection.execute("CREATE DATABASE template_fresh")
            migrate(server.url("template_fresh"))
            with psycopg.connect(server.url(), autocommit=True) as connection:
                connection.execute(
                    "CREATE DATABASE template_safar TEMPLATE template_fresh STRATEGY file_copy"
                )
            with psycopg.connect(server.url("template_safar")) as connection:
                connection.execute("UPDATE payment_ways SET enabled = true")  # most shops here are paid
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def _databases(postgres: EmbeddedPostgres) -> Iterator[dict[str, Databases]]:
    lenders = {template: Databases(postgres, template) for template in ("template_safar", "template_fresh")}
    yield lenders
    for lender in lenders.values():
        lender.drop()


@pytest.fixture
def database_url(_databases: dict[str, Databases]) -> Iterator[str]:
    """The address of a migrated database with nothing in it, in which all ways to pay are switched on."""
    with _databases["template_safar"].lent() as url:
        yield url


@pytest.fixture
def fresh_url(_databases: dict[str, Databases]) -> Iterator[str]:
    """The address of a database as a new installation has it: nothing set up."""
    with _databases["template_fresh"].lent() as url:
        yield url


@pytest.fixture
def tmp_path(tmp_path: Path) -> Path:
    """A test's folder, which the account of a server that root started may walk through."""
    tmp_path.chmod(0o711)
    return tmp_path


@pytest.fixture(scope="session")
def settings_for_all() -> Settings:
    """What each test's settings are copied from: two hundred of them are read and checked once."""
    # Most tests are of other things than how much one customer may order: tests/orders/test_rules.py is.
    return Settings(
        quiet_hours="",  # tests run at any hour
        secret_key=SecretStr("only-for-tests"),
        mail_authserv_id=AUTHSERV_ID,
        order_units_max=0,
        unpaid_orders_max=0,
        unpaid_orders_network=0,
        unpaid_share_percent=0,
        mails_per_address_hour=0,
    )


@pytest.fixture
def settings(settings_for_all: Settings, tmp_path: Path) -> Settings:
    return settings_for_all.model_copy(update={"data_dir": tmp_path})


@pytest.fixture
async def context(database_url: str, settings: Settings) -> AsyncIterator[Context]:
    """The shared things of a process, over a fresh database."""
    context = make_context(settings, database_url)
    await context.database.open()
    yield context
    await context.batchers.drained()
    await context.database.close()


@pytest.fixture
def database(context: Context) -> Database:
    return context.database
