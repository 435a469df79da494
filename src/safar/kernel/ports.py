"""Ports on loopback that are reserved: no bench, stand-in or test meets another Safar of this machine.

A port that the kernel gave and that was closed again is anybody's, also while a process that was killed
is started anew. So ports are taken from outside the kernel's range, and each has one owner, who holds a
socket in the abstract namespace that is named after it. That lives as long as the owner, is of the same
network namespace as the port, and leaves nothing behind.
"""

import atexit
import random
import socket
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")  # from here the kernel gives ports to whoever asks
_LOWEST, _HIGHEST = 10_240, 65_535
_ENOUGH = 2000
_WHILE_THIS_PROCESS_LIVES = ExitStack()
atexit.register(_WHILE_THIS_PROCESS_LIVES.close)


def reserve_port(kept: ExitStack = _WHILE_THIS_PROCESS_LIVES) -> int:
    """Return a port on which nobody listens, and which is nobody else's until `kept` is closed."""
    ports = ports_to_reserve()
    start = random.randrange(len(ports))
    for port in chain(ports[start:], ports[:start]):
        with ExitStack() as attempt:
            owner = attempt.enter_context(socket.socket(socket.AF_UNIX))
            try:
                owner.bind(f"\0safar-port-{port}")
            except OSError:  # it is somebody else's
                continue
            if not _is_silent(port):
                continue
            kept.push(attempt.pop_all())
            return port
    raise RuntimeError(f"None of the ports {ports[0]} to {ports[-1]} is free")


def ports_to_reserve() -> range:
    """Return the ports that the kernel gives to nobody by itself; where there are hardly any, all."""
    try:
        lowest, highest = map(int, _RANGE.read_text().split())
    except (OSError, ValueError):
        return range(_LOWEST, _HIGHEST + 1)
    below, above = range(_LOWEST, lowest), range(highest + 1, _HIGHEST + 1)
    return next((ports for ports in (below, above) if len(ports) >= _ENOUGH), range(_LOWEST, _HIGHEST + 1))


def _is_silent(port: int) -> bool:
    """Whether nobody has it, shared (SO_REUSEPORT) or not."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
