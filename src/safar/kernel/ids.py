"""Identifiers: UUIDv7, so that rows written together lie together in an index."""

from uuid import UUID

from uuid_utils.compat import uuid5, uuid7

from safar.kernel.errors import NotFound

_SAFAR = UUID("6f0f4a86-6f2b-5c0e-9d0a-5af2a5af2a5a")


def new_id() -> UUID:
    """Return a new UUIDv7 (RFC 9562)."""
    return uuid7()


def derived_id(purpose: str, *parts: object) -> UUID:
    """Return the UUID that these parts always give: an idempotency key for a step of a known thing.

    Other parts give another id, whatever text is in them. An id that a caller chose is never used as it
    is: it is one part, beside its purpose and its owner, so that nobody can aim at the id of another thing.
    """
    return uuid5(_SAFAR, "\x1f".join([purpose, *map(_escaped, parts)]))


def _escaped(part: object) -> str:
    text = str(part)
    if "\\" in text or "\x1f" in text:
        return text.replace("\\", "\\\\").replace("\x1f", "\\u")
    return text


def parse_id(text: str) -> UUID:
    """Return the UUID written in a URL or a form; a malformed one is simply not found."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None
