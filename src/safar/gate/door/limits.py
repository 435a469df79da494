"""Limits by network address: token buckets in memory, bounded in number."""

import ipaddress
from collections import OrderedDict

from safar.kernel import clock

_ADDRESSES_MAX = 50_000
_IPV6_PREFIX_BITS = 64  # one customer of a provider; within it, addresses are free to choose
_TEXT_LENGTH_MAX = 64


class Buckets:
    """Allows each address `burst` at once and `per_minute` in the long run; 0 allows everything.

    The addresses asked about longest ago are forgotten first: whoever comes from very many can make room
    for one of them again, and then has spent that many.
    """

    def __init__(self, per_minute: float, burst: float, *, addresses_max: int = _ADDRESSES_MAX) -> None:
        self._per_s = per_minute / 60
        self._burst = burst
        self._addresses_max = addresses_max
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, address: str) -> bool:
        """Take one token; tell whether there was one for `address`. A loopback address always has one.

        Loopback is a proxy on this machine that does not name its clients, who would all share one bucket.
        """
        key = bucket_of(address)
        if self._per_s <= 0 or key is None:
            return True
        now_s = clock.now().timestamp()
        tokens, at_s = self._buckets.pop(key, (self._burst, now_s))
        tokens = min(self._burst, tokens + max(0.0, now_s - at_s) * self._per_s)
        allowed = tokens >= 1
        self._buckets[key] = (tokens - 1 if allowed else tokens, now_s)
        if len(self._buckets) > self._addresses_max:
            self._buckets.popitem(last=False)
        return allowed

    def uncount(self, address: str) -> None:
        """Return one token to the bucket, for a request that should not have counted."""
        key = bucket_of(address)
        if key is not None and key in self._buckets:
            tokens, at_s = self._buckets[key]
            self._buckets[key] = (min(self._burst, tokens + 1), at_s)

    def wait_s(self) -> int:
        """Return after how long an address that was refused may try again."""
        return max(1, round(1 / self._per_s)) if self._per_s > 0 else 1


def bucket_of(address: str) -> str | None:
    """Return what an address is counted as: itself, for IPv6 its network of 64 bits; None for loopback."""
    try:
        parsed = ipaddress.ip_address(address.split("%", 1)[0])
    except ValueError:
        return address[:_TEXT_LENGTH_MAX]
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        elif not parsed.is_loopback:
            network = int(parsed) >> (128 - _IPV6_PREFIX_BITS)
            return f"{network:x}/64"
    return None if parsed.is_loopback else str(parsed)
