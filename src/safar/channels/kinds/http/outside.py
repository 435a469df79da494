"""Asking an address that somebody has typed: never one of our own network, unless they say so."""

import asyncio
import socket
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from safar.channels.kinds.asking import ApiAnswer, NotAsked, ask_api

if TYPE_CHECKING:
    import httpx


class NotOutside(Exception):
    """The address is none, is not by HTTPS, or leads into a private network."""


async def ask_outside(
    client: "httpx.AsyncClient",
    method: str,
    url: str,
    *,
    private: bool,
    headers: dict[str, str],
    **request: Any,
) -> ApiAnswer:
    """Make a request to whom the name leads at this moment, so that it cannot lead elsewhere meanwhile.

    `private`: an address of the own network, without HTTPS, will do. Raises NotOutside besides what `ask_api`
    raises.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise NotOutside("The address is none.") from None
    if not host or parts.scheme not in ("http", "https") or parts.username is not None:
        raise NotOutside("The address is none.")
    if private:
        return await ask_api(client, method, url, headers=headers, **request)
    if parts.scheme != "https":
        raise NotOutside("The address has to begin with https.")
    address = await _global_address(host, port or 443)
    shown = f"[{address}]" if ":" in address else address
    there = parts._replace(netloc=f"{shown}:{port or 443}").geturl()
    named = {**headers, "host": parts.netloc}
    return await ask_api(client, method, there, headers=named, extensions={"sni_hostname": host}, **request)


async def _global_address(host: str, port: int) -> str:
    """Return one of a name's addresses; all of them have to be of the open net."""
    try:
        async with asyncio.timeout(5):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError) as wrong:
        raise NotAsked(f"Nobody is known as {host[:100]}: {type(wrong).__name__}") from None
    addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
    if not addresses or not all(is_outside(address) for address in addresses):
        raise NotOutside("The address leads into a private network.")
    return addresses[0]


def is_outside(address: str) -> bool:
    """Tell whether an address is of the open net; one of IPv4 inside one of IPv6 counts as itself."""
    parsed = ip_address(address)
    inner = getattr(parsed, "ipv4_mapped", None) or getattr(parsed, "sixtofour", None) or parsed
    return inner.is_global and parsed.is_global and not inner.is_multicast
