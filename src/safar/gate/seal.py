"""Tickets and passes as short signed texts: reading one is arithmetic and asks no database."""

import base64
import binascii
import hashlib
import hmac
import struct
from datetime import UTC, datetime, timedelta
from uuid import UUID

from safar.gate.errors import TicketRefused
from safar.gate.model import Pass, Ticket
from safar.kernel.secrets import Vault

_TICKET = struct.Struct(">QQI16s")  # number, issued at (ms), ahead, visit
_PASS = struct.Struct(">Q16s")  # expires at (ms), visit
_MAC_BYTES = 16
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TEXT_LENGTH_MAX = 100
_AHEAD_MAX = 2**32 - 1


class Seal:
    """Signs and reads the tickets and passes of one site; those of another site do not open."""

    def __init__(self, vault: Vault, site_key: str) -> None:
        self._ticket_key = _key(vault, "ticket", site_key)
        self._pass_key = _key(vault, "pass", site_key)

    def ticket_text(self, ticket: Ticket) -> str:
        ahead = min(ticket.ahead, _AHEAD_MAX)
        payload = _TICKET.pack(ticket.number, _ms(ticket.issued_at), ahead, ticket.visit_id.bytes)
        return _sealed(self._ticket_key, payload)

    def ticket(self, text: str) -> Ticket:
        """Raises TicketRefused for anything that this installation did not issue as a ticket of the site."""
        number, issued_ms, ahead, visit = _TICKET.unpack(_opened(self._ticket_key, text, _TICKET.size))
        return Ticket(UUID(bytes=visit), number, ahead, _at(issued_ms))

    def pass_text(self, entry_pass: Pass) -> str:
        payload = _PASS.pack(_ms(entry_pass.expires_at), entry_pass.visit_id.bytes)
        return _sealed(self._pass_key, payload)

    def pass_(self, text: str) -> Pass:
        """Raises TicketRefused for anything that this installation did not issue as a pass of the site."""
        expires_ms, visit = _PASS.unpack(_opened(self._pass_key, text, _PASS.size))
        return Pass(UUID(bytes=visit), _at(expires_ms))


def _key(vault: Vault, kind: str, site_key: str) -> bytes:
    # The vault's signature is a pseudo-random function of the secret; this one is never handed out.
    return hashlib.sha256(vault.sign(f"gate.{kind}.key", site_key).encode()).digest()


def _sealed(key: bytes, payload: bytes) -> str:
    mac = hmac.digest(key, payload, "sha256")[:_MAC_BYTES]
    return base64.urlsafe_b64encode(payload + mac).rstrip(b"=").decode()


def _opened(key: bytes, text: str, size: int) -> bytes:
    if len(text) > _TEXT_LENGTH_MAX or not text.isascii():
        raise TicketRefused
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise TicketRefused from None
    payload, mac = data[:size], data[size:]
    # Compared even when too short: a wrong length must not answer faster than a wrong signature.
    if not hmac.compare_digest(hmac.digest(key, payload, "sha256")[:_MAC_BYTES], mac) or len(payload) != size:
        raise TicketRefused
    return payload


def _ms(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)


def _at(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)
