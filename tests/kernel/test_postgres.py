"""The embedded PostgreSQL is nobody's but ours: no other user gets to it, and we spoil nothing of others."""

import os
import pwd
import signal
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from safar.kernel.account import ACCOUNT, account, own_folder, require_way
from safar.kernel.postgres import EmbeddedPostgres

_as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
_NOBODY = 65534


def _said_to(uid: int, url: str) -> str:
    """Return what somebody else is told who connects: "in", or why not. Forked: Python may be closed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            psycopg.connect(url, connect_timeout=2).close()
            os.write(writing, b"in")
        except Exception as error:
            os.write(writing, str(error).encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading, encoding="utf-8") as said:
        return said.read()


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """A server whose files lie so deep that its socket has to be elsewhere."""
    with tempfile.TemporaryDirectory(prefix="safar-test-", ignore_cleanup_errors=True) as folder:
        own_folder(Path(folder), account())
        server = EmbeddedPostgres(Path(folder) / ("deep" * 20), durable=False)
        server.start()
        yield server
        server.stop()
        assert not server.sockets.exists()


@_as_root
@pytest.mark.finding("security-7")
def test_another_user_of_the_machine_cannot_connect(
    postgres: EmbeddedPostgres, server: EmbeddedPostgres
) -> None:
    for one in (postgres, server):
        assert "Permission denied" in _said_to(_NOBODY, one.url())
        assert _said_to(pwd.getpwnam(ACCOUNT).pw_uid, one.url()) == "in"


@_as_root
@pytest.mark.finding("security-7")
def test_whom_the_socket_would_let_near_the_server_itself_refuses(server: EmbeddedPostgres) -> None:
    """Were the folder open by somebody's mistake, PostgreSQL still asks the kernel who it is."""
    server.sockets.chmod(0o755)
    try:
        (server.sockets / ".s.PGSQL.5432").chmod(0o777)
        assert "authentication failed" in _said_to(_NOBODY, server.url())
    finally:
        server.sockets.chmod(0o700)


@pytest.mark.finding("security-7")
def test_folders_and_files_are_closed_to_others(postgres: EmbeddedPostgres, server: EmbeddedPostgres) -> None:
    for one in (postgres, server):
        closed = [one.directory, one.directory / "data", one.sockets]
        assert {stat.S_IMODE(folder.stat().st_mode) for folder in closed} == {0o700}
        files = [one.directory / "server.log", one.directory / "data" / "pg_hba.conf"]
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
        assert "trust" not in (one.directory / "data" / "pg_hba.conf").read_text()
    assert stat.S_IMODE((postgres.sockets / ".s.PGSQL.5432").stat().st_mode) == 0o700


@pytest.mark.finding("security-7")
def test_a_socket_far_from_its_files_has_a_name_that_nobody_can_foresee(server: EmbeddedPostgres) -> None:
    other_process = EmbeddedPostgres(server.directory)  # as `safar staff reset` looks for it
    assert other_process.sockets == server.sockets
    assert server.sockets.parent != server.directory
    psycopg.connect(other_process.url()).close()
    again = Path(tempfile.mkdtemp(prefix="safar-"))
    assert server.sockets.name != again.name
    again.rmdir()


@pytest.mark.finding("security-7")
def test_a_folder_put_in_the_place_of_ours_is_not_used(tmp_path: Path) -> None:
    """After a crash the noted folder may be another's: a link, or open to all."""
    own_folder(tmp_path, account())
    server = EmbeddedPostgres(tmp_path / ("deep" * 20), durable=False)
    server.start()
    noted = server.sockets
    assert server.process is not None
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()
    trap = tmp_path / "trap"
    trap.mkdir(mode=0o777)
    for left in noted.iterdir():
        left.unlink()
    noted.rmdir()
    noted.symlink_to(trap)
    try:
        server._launch()
        server._wait_until_ready()
        assert server.sockets != noted
        assert list(trap.iterdir()) == []
        assert trap.stat().st_uid == os.geteuid()
    finally:
        server.stop()
        noted.unlink()


@_as_root
@pytest.mark.finding("security-7")
def test_a_folder_above_that_is_closed_stays_closed_and_is_named(tmp_path: Path) -> None:
    closed = tmp_path / "home"
    closed.mkdir(mode=0o700)
    with pytest.raises(RuntimeError, match=rf"{ACCOUNT}, which is not let through {closed} .*chmod o\+x"):
        EmbeddedPostgres(closed / "shop" / "postgres", durable=False).start()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@_as_root
@pytest.mark.finding("security-7")
def test_a_folder_of_somebody_elses_is_left_alone(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    os.chown(theirs, _NOBODY, _NOBODY)
    with pytest.raises(RuntimeError, match=rf"{theirs} belongs to nobody"):
        EmbeddedPostgres(theirs, durable=False).start()
    assert theirs.stat().st_uid == _NOBODY


def test_the_way_to_a_folder_is_judged_by_owner_group_and_others() -> None:
    somebody = account() or pwd.getpwuid(os.geteuid())
    require_way(Path("/tmp/x"), somebody)


@pytest.mark.finding("security-16")
def test_a_log_that_has_grown_large_begins_afresh(
    server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_file = server.directory / "server.log"
    before = log_file.read_bytes()
    server.keep_log_small()
    assert log_file.read_bytes() == before
    monkeypatch.setattr("safar.kernel.postgres._LOG_BYTES_MAX", 10)
    server.keep_log_small()
    assert (server.directory / "server.log.1").read_bytes() == before
    assert log_file.stat().st_size == 0


@pytest.mark.finding("security-16")
def test_the_servers_log_holds_nothing_of_what_a_statement_was_refused_for(
    postgres: EmbeddedPostgres,
) -> None:
    canary = "canary-4711"
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("CREATE TEMPORARY TABLE people (email text UNIQUE, age int)")
        connection.execute("INSERT INTO people VALUES (%s, 1)", [canary])
        for statement, value in (
            ("INSERT INTO people VALUES (%s, 1)", canary),
            ("SELECT %s::int", canary),
            (f"SELECT '{canary}'::uuid", None),
            (f"SELECT {canary.replace('-', '_')}", None),
        ):
            with pytest.raises(psycopg.Error):
                connection.execute(statement, [value] if value else None)
    written = (postgres.directory / "server.log").read_text()
    assert "ready to accept connections" in written
    assert "canary" not in written


def test_the_address_names_the_socket(server: EmbeddedPostgres) -> None:
    assert quote(str(server.sockets)) in server.url()
