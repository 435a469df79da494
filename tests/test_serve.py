"""`safar serve` refuses what would go wrong in silence, in one line that says what to do."""

import os
import pwd
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from safar.kernel import account as account_module
from safar.kernel.account import account, as_account, for_the_world, own_folder
from safar.kernel.ports import reserve_port
from safar.kernel.postgres import EmbeddedPostgres
from safar.serve import Supervisor
from safar.settings import Settings


@pytest.fixture
def listening() -> Iterator[int]:
    """A port that somebody else has, shared or not."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


@pytest.mark.parametrize("name", ["front_port", "console_port", "mail_in_port"])
async def test_a_taken_port_is_refused_before_anything_starts(
    tmp_path: Path, listening: int, name: str
) -> None:
    ports: dict[str, Any] = {port: reserve_port() for port in ("front_port", "console_port", "mail_in_port")}
    settings = Settings(data_dir=tmp_path / "data", **(ports | {name: listening}))
    with pytest.raises(RuntimeError, match=f"Port {listening} .* set SAFAR_{name.upper()}"):
        await Supervisor(settings).start("owner@safar.example")
    assert not (tmp_path / "data").exists()


def test_a_second_server_over_the_same_directory_is_refused(tmp_path: Path) -> None:
    own_folder(tmp_path, account())
    first, second = (EmbeddedPostgres(tmp_path / "postgres", durable=False) for _ in range(2))
    first.start()
    try:
        with pytest.raises(RuntimeError, match=r"Another Safar is running over .* SAFAR_DATA_DIR"):
            second.start()
        second.stop()
        assert first.alive()
    finally:
        first.stop()


def test_links_follow_the_ports_unless_an_address_is_set() -> None:
    assert Settings(front_port=9000).public_url == "http://127.0.0.1:9000"
    assert Settings(console_port=9001).console_url == "http://127.0.0.1:9001"
    assert Settings(front_port=9000, public_url="https://shop.example").public_url == "https://shop.example"


def _said_by(command: list[str], user: pwd.struct_passwd) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True, **as_account(user))
    return str(done.stdout).strip()


@pytest.mark.finding("security-27")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_started_by_root_what_the_world_talks_to_is_not_root(monkeypatch: pytest.MonkeyPatch) -> None:
    public = Settings(public_url="https://shop.example")
    monkeypatch.setattr(account_module, "require_way", lambda _path, _user: None)
    user = for_the_world(public)
    assert user is not None
    assert user.pw_name == "_safar"
    assert for_the_world(Settings(public_url="https://shop.example", allow_root=True)) is None
    assert _said_by(["/usr/bin/id", "-un"], user) == "_safar"
    assert _said_by(["/usr/bin/id", "-G"], user) == str(user.pw_gid)  # no group of root's either


@pytest.mark.finding("security-27")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_shop_that_the_world_can_reach_does_not_go_on_as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(_path: object, _user: object) -> None:
        raise RuntimeError("/root is closed")

    monkeypatch.setattr(account_module, "require_way", closed)
    with pytest.raises(RuntimeError, match="/root is closed"):
        for_the_world(Settings(public_url="https://shop.example"))
    assert for_the_world(Settings()) is None  # a rehearsal on this machine may


def test_the_supervisor_loads_neither_the_rooms_nor_what_migrates() -> None:
    loaded = "import sys, safar.cli, safar.serve; print(*{name.partition('.')[0] for name in sys.modules})"
    rooms = "print(*{name for name in sys.modules if name.startswith('safar.')})"
    done = subprocess.run(
        [sys.executable, "-c", f"{loaded}; {rooms}"], capture_output=True, text=True, check=True
    )
    names = set(done.stdout.split())
    assert not names & {"alembic", "sqlalchemy", "jinja2", "liquid"}
    assert not names & {"safar.work", "safar.installation", "safar.team.actions", "safar.kernel.migrate"}
