"""Pages as gzip (RFC 1952) out of parts that were packed once, with something else between them each time."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_END = b"\x03\x00"  # an empty last block
_LEVEL = 5
_STORED_MAX = 65_535


@dataclass(frozen=True, slots=True)
class Packed:
    """Parts of a page, each as deflate blocks that look back at nothing before them."""

    parts: tuple[bytes, ...]


def pack(parts: Sequence[bytes]) -> Packed:
    """Return the parts packed: the work that is done once."""
    return Packed(tuple(_blocks(part) for part in parts))


def joined(packed: Packed, plain: Sequence[bytes], between: bytes) -> bytes:
    """Return the parts with `between` between them as one gzip file; `plain` are the parts as they were.

    What stands between is stored as it is, so that a page costs a checksum and no packing.
    """
    size = len(between)
    if size > _STORED_MAX:
        raise ValueError(size)
    stored = b"\x00" + size.to_bytes(2, "little") + (size ^ _STORED_MAX).to_bytes(2, "little") + between
    body = between.join(plain)
    tail = zlib.crc32(body).to_bytes(4, "little") + (len(body) & 0xFFFFFFFF).to_bytes(4, "little")
    return b"".join((_HEAD, stored.join(packed.parts), _END, tail))


def _blocks(part: bytes) -> bytes:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(part) + packer.flush(zlib.Z_FULL_FLUSH)
