"""Where a request comes from, seen through the reverse proxies in front of us.

Each proxy adds the address that it was called from at the end of a header, on the line that is there or on
one of its own. What stands before the last `trusted` of them was written by the caller, who may write all.
"""

import ipaddress

from starlette.datastructures import Headers

FORWARDED_FOR = "x-forwarded-for"
FORWARDED = "forwarded"
FORWARDED_PROTO = "x-forwarded-proto"
_TEXT_LENGTH_MAX = 64
_IPV6_NETWORK_BITS = 64


def caller_address(headers: Headers, peer: str, *, trusted: int, header: str = FORWARDED_FOR) -> str:
    """Return the caller's IP address, seen through `trusted` proxies that write `header`.

    Who connects to us (`peer`) is the answer where the header says less than that, or no IP address.
    """
    if not trusted:
        return peer
    # No proxy writes a comma into a part of its own, so what a caller left open swallows none of theirs.
    hops = [hop for line in headers.getlist(header) for hop in line.split(",")]
    if len(hops) < trusted:
        return peer
    hop = hops[-trusted]
    return _address(_for_of(hop) if header == FORWARDED else hop) or peer


def customer_network(address: str) -> str:
    """Return what an address is counted as: itself, for IPv6 its network of 64 bits, one customer's own."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:_TEXT_LENGTH_MAX]
    if isinstance(parsed, ipaddress.IPv4Address) or parsed.is_loopback:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, _IPV6_NETWORK_BITS), strict=False))


def came_by_https(headers: Headers, scheme: str, trusted: int) -> bool:
    """Tell whether the caller came by HTTPS, to us or to the first of our proxies.

    Only what a caller is told is decided by it: who lies about it lies to themselves.
    """
    if scheme == "https":
        return True
    if not trusted:
        return False
    schemes = [hop.strip() for line in headers.getlist(FORWARDED_PROTO) for hop in line.split(",")]
    schemes = schemes or [
        _given(hop, "proto") for line in headers.getlist(FORWARDED) for hop in line.split(",")
    ]
    return bool(schemes) and schemes[-min(trusted, len(schemes))].lower() == "https"


def _for_of(hop: str) -> str:
    """Return what one element of `Forwarded` (RFC 7239) gives as `for`; nothing when it gives two."""
    return _given(hop, "for")


def _given(hop: str, wanted: str) -> str:
    pairs = [pair.partition("=") for pair in hop.split(";")]
    given = [text.strip() for name, _sep, text in pairs if name.strip().lower() == wanted]
    return given[0] if len(given) == 1 else ""


def _address(text: str) -> str | None:
    """Return the IP address in `text`, which may be quoted and have a port; None when there is none."""
    text = text.strip()
    if len(text) > _TEXT_LENGTH_MAX:
        return None
    if text.startswith('"') and text.endswith('"'):
        text = text[1:-1]
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        parsed = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return str(parsed)
