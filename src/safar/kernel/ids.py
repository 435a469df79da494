"""Identifiers: UUIDv7, so that rows written together lie together in an index."""

from uuid import UUID, uuid5

from uuid_utils.compat import uuid7

from safar.kernel.errors import NotFound

_SAFAR = UUID("6f0f4a86-6f2b-5c0e-9d0a-5af2a5af2a5a")


def new_id() -> UUID:
    """Return a new UUIDv7 (RFC 9562)."""
    return uuid7()


def derived_id(*parts: object) -> UUID:
    """Return the UUID that these parts always give: an idempotency key for a step of a known thing."""
    return uuid5(_SAFAR, "\x1f".join(str(part) for part in parts))


def parse_id(text: str) -> UUID:
    """Return the UUID written in a URL or a form; a malformed one is simply not found."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None
