"""A port of a bench or a test is nobody else's, also while the process that listened there is away."""

import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from safar.kernel import ports
from safar.kernel.ports import ports_to_reserve, reserve_port

_OTHER = """
import sys
from safar.kernel import ports
ports.ports_to_reserve = lambda: range(int(sys.argv[1]), int(sys.argv[1]) + 1)
print(ports.reserve_port(), flush=True)
sys.stdin.read()
"""


def _another_process_wants(port: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _OTHER, str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_reserved_port_is_had_by_no_other_process_until_it_is_given_back() -> None:
    with ExitStack() as kept:
        port = reserve_port(kept)
        _said, why = _another_process_wants(port).communicate(timeout=60)
        assert f"None of the ports {port} to {port} is free" in why
    said, _why = _another_process_wants(port).communicate(timeout=60)
    assert said == f"{port}\n"


def test_a_process_that_is_killed_leaves_its_port_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as kept:
        port = reserve_port(kept)
    monkeypatch.setattr(ports, "ports_to_reserve", lambda: range(port, port + 1))
    with ExitStack() as kept, _another_process_wants(port) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == f"{port}\n"
        with pytest.raises(RuntimeError, match="is free"):
            reserve_port(kept)
        other.kill()
        other.wait()
        assert reserve_port(kept) == port


def test_where_somebody_listens_who_reserved_nothing_no_port_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with ExitStack() as kept, socket.socket() as stranger:
        port = reserve_port(kept)
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        stranger.bind(("127.0.0.1", port))
        stranger.listen()
        kept.close()
        monkeypatch.setattr(ports, "ports_to_reserve", lambda: range(port, port + 1))
        with pytest.raises(RuntimeError, match="is free"):
            reserve_port(kept)


@pytest.mark.parametrize(
    ("kernels", "reserved"),
    [
        ("32768\t60999\n", range(10_240, 32_768)),
        ("10000\t50000\n", range(50_001, 65_536)),
        ("1024\t65535\n", range(10_240, 65_536)),
        ("", range(10_240, 65_536)),
    ],
)
def test_ports_are_taken_from_where_the_kernel_gives_none(
    kernels: str, reserved: range, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "range").write_text(kernels)
    monkeypatch.setattr(ports, "_RANGE", tmp_path / "range")
    assert ports_to_reserve() == reserved
