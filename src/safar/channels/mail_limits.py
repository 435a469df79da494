"""What a mail server on the open net may take up: asked before it costs, counted in bytes."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

HELD_BYTES_MAX = 64_000_000  # of all mails that are under way
UNIT_BYTES = 100_000  # a mail counts once, and once more for each so many bytes
_QUIET_S = 5.0  # who has said nothing for so long may have to go
_NETWORKS_MAX = 10_000
_HOUR_S = 3600.0


@dataclass(slots=True, eq=False)
class MailConnection:
    """One connection: from which network, since when it says nothing, and the bytes that it has us hold."""

    network: str
    hang_up: Callable[[str], None]
    heard_at: float = 0.0
    held_bytes: int = 0
    committing: bool = field(default=False)


class Callers:
    """Who is connected. When there is no room, who takes most and says least has to go, not who comes."""

    def __init__(self, *, connections_max: int, per_network_max: int, held_max: int = HELD_BYTES_MAX) -> None:
        self._connections_max = connections_max
        self._per_network_max = per_network_max
        self._held_max = held_max
        self._callers: set[MailConnection] = set()
        self._by_network: dict[str, int] = {}
        self.held_bytes = 0

    def enter(self, caller: MailConnection, now: float) -> str | None:
        """Count a caller in; return why not when there is no room and nobody is quiet."""
        caller.heard_at = now
        from_network = self._by_network.get(caller.network, 0)
        full = len(self._callers) >= self._connections_max
        if full or from_network >= self._per_network_max:
            crowd = [other for other in self._callers if full or other.network == caller.network]
            quiet = [o for o in crowd if not o.committing and now - o.heard_at >= _QUIET_S]
            if not quiet:
                return "421 4.7.0 Too many connections, try again later"
            goes = max(quiet, key=lambda other: (self._by_network[other.network], now - other.heard_at))
            self.leave(goes)
            goes.hang_up("421 4.4.2 Others wait, and nothing was said here")
        self._callers.add(caller)
        self._by_network[caller.network] = self._by_network.get(caller.network, 0) + 1
        return None

    def leave(self, caller: MailConnection) -> None:
        """Count a caller out, however often that is said."""
        self.release(caller)
        if caller in self._callers:
            self._callers.discard(caller)
            self._by_network[caller.network] -= 1
            if not self._by_network[caller.network]:
                del self._by_network[caller.network]

    def hold(self, caller: MailConnection, size_bytes: int, now: float) -> None:
        """Count bytes of a mail under way; with too many, the largest that is not yet here has to go."""
        caller.heard_at = now
        caller.held_bytes += size_bytes
        self.held_bytes += size_bytes
        while self.held_bytes > self._held_max:
            waiting = [other for other in self._callers if other.held_bytes and not other.committing]
            if not waiting:
                return
            goes = max(waiting, key=lambda other: other.held_bytes)
            self.leave(goes)
            goes.hang_up("452 4.3.1 No room for a mail of this size now, try again later")

    def release(self, caller: MailConnection) -> None:
        """The mail of this caller is kept, or given up."""
        self.held_bytes -= caller.held_bytes
        caller.held_bytes = 0


class Quotas:
    """How much each network may still hand in: so many mails an hour, regained evenly over the hour."""

    def __init__(self, per_hour: int) -> None:
        self._per_hour = float(per_hour)
        self._used: OrderedDict[str, tuple[float, float]] = OrderedDict()  # (units, when they were so many)

    def has_room(self, network: str, now: float) -> bool:
        return self._used_now(network, now) + 1 <= self._per_hour

    def charge(self, network: str, size_bytes: int, now: float) -> None:
        """Count a mail: one, and one more for each 100 kB."""
        used = self._used_now(network, now) + 1 + size_bytes // UNIT_BYTES
        self._used[network] = (used, now)
        self._used.move_to_end(network)
        while len(self._used) > _NETWORKS_MAX:
            self._used.popitem(last=False)

    def _used_now(self, network: str, now: float) -> float:
        used, at = self._used.get(network, (0.0, now))
        return max(used - (now - at) * self._per_hour / _HOUR_S, 0.0)
