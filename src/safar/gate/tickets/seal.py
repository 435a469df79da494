"""Tickets, passes and links as short signed texts: reading one is arithmetic and asks no database."""

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from uuid import UUID

from safar.gate.tickets.errors import TicketRefused
from safar.gate.tickets.model import Invitation, Pass, Ticket
from safar.kernel.secrets import Vault

_TICKET = struct.Struct(">QQI16s8s")  # number, issued at (ms), ahead, visit, tag
_PASS = struct.Struct(">Q16s8s")  # expires at (ms), visit, tag
_HANDOVER = struct.Struct(">QQ16s8s")  # good until (ms), then a pass
_INVITATION = struct.Struct(">Q16s16s16s")  # expires at (ms), invitation, customer, campaign
_WORK = struct.Struct(">QB8s8s")  # window, bits, tag, salt
_PATIENCE = struct.Struct(">Q8s")  # issued at (ms), tag
_MAC_BYTES = 16
TAG_BYTES = 8
_PASSES_MAX = 4096
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TEXT_LENGTH_MAX = 120
_AHEAD_MAX = 2**32 - 1
_NO_ID = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Work:
    """What a challenge asks of one browser within one window of time (see work.py)."""

    window: int
    bits: int
    tag: bytes
    salt: bytes


class Seal:
    """Signs and reads what visitors of one site carry; what another site issued does not open here."""

    def __init__(self, vault: Vault, site_key: str) -> None:
        kinds = ("ticket", "pass", "handover", "invitation", "work", "patience", "outside")
        self._keys = {kind: vault.keys(f"gate {kind} {site_key}") for kind in kinds}  # the first signs
        # The same pass comes with every request of a visit; a good one stays good until its time.
        self._pass = lru_cache(maxsize=_PASSES_MAX)(self._read_pass)

    def ticket_text(self, ticket: Ticket) -> str:
        ahead = min(ticket.ahead, _AHEAD_MAX)
        return self._sealed(
            "ticket",
            _TICKET.pack(ticket.number, _ms(ticket.issued_at), ahead, ticket.visit_id.bytes, ticket.tag),
        )

    def ticket(self, text: str) -> Ticket:
        """Raises TicketRefused for anything that this installation did not issue as a ticket of the site."""
        number, issued_ms, ahead, visit, tag = _TICKET.unpack(self._opened("ticket", text, _TICKET.size))
        return Ticket(UUID(bytes=visit), number, ahead, _at(issued_ms), tag)

    def pass_text(self, entry_pass: Pass) -> str:
        return self._sealed("pass", _packed(entry_pass))

    def pass_(self, text: str) -> Pass:
        """Raises TicketRefused for anything that this installation did not issue as a pass of the site."""
        return self._pass(text)

    def _read_pass(self, text: str) -> Pass:
        return _unpacked(self._opened("pass", text, _PASS.size))

    def handover_text(self, entry_pass: Pass, until: datetime) -> str:
        """Return a pass as it travels in a link to another site, good for taking over until `until`."""
        return self._sealed("handover", struct.pack(">Q", _ms(until)) + _packed(entry_pass))

    def handover(self, text: str) -> tuple[Pass, datetime]:
        """Return (pass, until when it may be taken over). Raises TicketRefused."""
        data = self._opened("handover", text, _HANDOVER.size)
        return _unpacked(data[8:]), _at(struct.unpack(">Q", data[:8])[0])

    def invitation_text(self, invitation: Invitation) -> str:
        customer, campaign = (id_ or _NO_ID for id_ in (invitation.customer_id, invitation.campaign_id))
        return self._sealed(
            "invitation",
            _INVITATION.pack(_ms(invitation.expires_at), invitation.id.bytes, customer.bytes, campaign.bytes),
        )

    def invitation(self, text: str) -> Invitation:
        """Raises TicketRefused for anything that is no invitation to the site."""
        expires_ms, *ids = _INVITATION.unpack(self._opened("invitation", text, _INVITATION.size))
        invited, customer, campaign = (UUID(bytes=id_) for id_ in ids)
        known = [None if id_ == _NO_ID else id_ for id_ in (customer, campaign)]
        return Invitation(invited, known[0], known[1], _at(expires_ms))

    def work_text(self, work: Work) -> str:
        return self._sealed("work", _WORK.pack(work.window, work.bits, work.tag, work.salt))

    def work(self, text: str) -> Work:
        """Raises TicketRefused for a challenge that the site did not give."""
        return Work(*_WORK.unpack(self._opened("work", text, _WORK.size)))

    def patience_text(self, issued_at: datetime, tag: bytes) -> str:
        return self._sealed("patience", _PATIENCE.pack(_ms(issued_at), tag))

    def patience(self, text: str) -> tuple[datetime, bytes]:
        """Return (issued at, tag) of a proof of waiting. Raises TicketRefused."""
        issued_ms, tag = _PATIENCE.unpack(self._opened("patience", text, _PATIENCE.size))
        return _at(issued_ms), tag

    def outside_tags(self, user_agent: str, network: str) -> list[bytes]:
        """Return what binds a pass to a kind of browser in a network, half as long as a tag.

        The first is for a new pass; one that was given before the keys changed has another of them.
        """
        seen = f"{network}\n{user_agent}".encode("utf-8", "replace")
        return [hmac.digest(key, seen, "sha256")[: TAG_BYTES // 2] for key in self._keys["outside"]]

    def _sealed(self, kind: str, payload: bytes) -> str:
        mac = hmac.digest(self._keys[kind][0], payload, "sha256")[:_MAC_BYTES]
        return base64.urlsafe_b64encode(payload + mac).rstrip(b"=").decode()

    def _opened(self, kind: str, text: str, size: int) -> bytes:
        if len(text) > _TEXT_LENGTH_MAX or not text.isascii():
            raise TicketRefused
        try:
            data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise TicketRefused from None
        payload, mac = data[:size], data[size:]
        good = [hmac.digest(key, payload, "sha256")[:_MAC_BYTES] for key in self._keys[kind]]
        # Compared even when too short: a wrong length must not answer faster than a wrong signature.
        if not any(hmac.compare_digest(signature, mac) for signature in good) or len(payload) != size:
            raise TicketRefused
        return payload


def client_tag(client_id: UUID) -> bytes:
    """Return what binds a ticket or pass to the browser with this id."""
    return hashlib.sha256(b"client" + client_id.bytes).digest()[:TAG_BYTES]


def _packed(entry_pass: Pass) -> bytes:
    return _PASS.pack(_ms(entry_pass.expires_at), entry_pass.visit_id.bytes, entry_pass.tag)


def _unpacked(data: bytes) -> Pass:
    expires_ms, visit, tag = _PASS.unpack(data)
    return Pass(UUID(bytes=visit), _at(expires_ms), tag)


def _ms(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)


def _at(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)
