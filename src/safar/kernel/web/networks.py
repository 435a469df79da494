"""Networks: what limits by address count, since one caller may have very many addresses."""

import ipaddress
from functools import lru_cache

_NETWORK_BITS = {4: 24, 6: 48}
_KNOWN_MAX = 4096  # addresses


@lru_cache(maxsize=_KNOWN_MAX)
def routed_network(address: str) -> str | None:
    """Return the network that an address is one of: its /24, for IPv6 its /48; None where that says nothing.

    A provider gives one customer up to a /48 of IPv6; a /24 is the least of IPv4 that anybody routes. A
    loopback address is a proxy on this machine that does not say for whom it asks: everybody in one.
    """
    try:
        parsed = ipaddress.ip_address(address.split("%", 1)[0])
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    if parsed.is_loopback:
        return None
    return str(ipaddress.ip_network((parsed, _NETWORK_BITS[parsed.version]), strict=False))
