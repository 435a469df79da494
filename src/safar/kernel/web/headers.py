"""Headers given more than once: one thing must come once, what a proxy adds is read from the end."""

from collections.abc import Iterable

from starlette.datastructures import Headers

# What we act on as one value. A request that gives two is read one way here and another way by a proxy.
SINGLE = frozenset({
    "authorization", "content-length", "content-type", "host", "hx-current-url", "idempotency-key",
    "last-event-id", "origin", "referer", "sec-fetch-dest", "sec-fetch-site", "stripe-signature",
    "user-agent", "x-signature",
})  # fmt: skip
_SINGLE = frozenset(name.encode() for name in SINGLE)


def contradicts_itself(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Tell whether a header that stands for one thing is given with two values; `headers` as in ASGI."""
    names = [name for name, _value in headers]
    if len(set(names)) == len(names):  # nearly always: one look
        return False
    first: dict[bytes, bytes] = {}
    return any(name in _SINGLE and first.setdefault(name, value) != value for name, value in headers)


def list_of(headers: Headers, name: str) -> str:
    """Return a header whose values are a list, all its lines as one."""
    return ", ".join(headers.getlist(name))


def added_last(headers: Headers, name: str) -> str:
    """Return the last line of a header: the proxy's own, where a caller has sent one of that name too."""
    lines = headers.getlist(name)
    return lines[-1] if lines else ""
