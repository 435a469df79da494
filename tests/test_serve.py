"""`safar serve` refuses what would go wrong in silence, in one line that says what to do."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from safar.bench.ports import free_port
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
    ports = {port: free_port() for port in ("front_port", "console_port", "mail_in_port")}
    settings = Settings(data_dir=tmp_path / "data", **(ports | {name: listening}))
    with pytest.raises(RuntimeError, match=f"Port {listening} .* set SAFAR_{name.upper()}"):
        await Supervisor(settings).start("owner@safar.example")
    assert not (tmp_path / "data").exists()


def test_a_second_server_over_the_same_directory_is_refused(tmp_path: Path) -> None:
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
