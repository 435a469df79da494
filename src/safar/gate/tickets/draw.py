"""The draw among those who came before the opening: fixed in advance, checkable afterwards.

With a key k that nobody outside knows, a visitor with the id c draws u = HMAC-SHA256(k, c) / 2^64 (its first
eight bytes); the lowest u gets the lowest number. SHA-256(k) is published before, k itself at the opening:
then anybody can compute their own u, and that k was not chosen after they came.
"""

import hashlib
import hmac
from dataclasses import dataclass
from uuid import UUID

from safar.kernel.secrets import Vault

_SHIFT = 1 << 63  # to PostgreSQL's signed numbers, in the same order


@dataclass(frozen=True, slots=True)
class DrawLot:
    """A visitor's lot in the draw of an opening; `draw` is u · 2^64 - 2^63."""

    opening_id: UUID
    draw: int

    @property
    def share(self) -> float:
        """Return u: the part of all lots that is expected before this one."""
        return (self.draw + _SHIFT) / 2**64


def draw_key(vault: Vault, opening_id: UUID, committed: str | None = None) -> bytes:
    """Return the key of an opening's draw: it follows from the installation's secrets and is kept nowhere.

    It is the one that was `committed` to, also when another secret has become the first since.
    """
    keys = vault.keys(f"gate draw {opening_id.hex}")
    return next((key for key in keys if commitment(key) == committed), keys[0])


def commitment(key: bytes) -> str:
    """Return what is published before the opening."""
    return hashlib.sha256(key).hexdigest()


def lot(key: bytes, opening_id: UUID, visit_id: UUID) -> DrawLot:
    """Return the lot of a visitor; `visit_id` is written as its 32 hexadecimal digits."""
    mac = hmac.digest(key, visit_id.hex.encode(), "sha256")
    return DrawLot(opening_id, int.from_bytes(mac[:8], "big") - _SHIFT)
