"""The cookies of a site: the ticket of who waits, the pass of who is inside, an invitation."""

import math
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.types import Scope

from safar.gate.tickets.errors import TicketExpired, TicketRefused
from safar.gate.tickets.left import Left
from safar.gate.tickets.model import SHOP, Invitation, Pass, Ticket
from safar.gate.tickets.seal import Seal
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.web.cookies import attributes, cookies_of, name_in_force

_TICKET_LIFE = timedelta(days=1)
_EARLY_LIFE = timedelta(days=30)  # a ticket of the draw waits for the opening


class Cookies:
    """Reads and writes the cookies of one site; none of it asks the database."""

    def __init__(
        self,
        context: Context,
        site_key: str,
        left: Left,
        *,
        domain: str | None = None,
        secure: bool = False,
    ) -> None:
        self._left = left
        self.seal = Seal(context.vault, site_key)
        suffix = "" if site_key == SHOP else f"_{site_key}"
        settings = context.settings
        self.ticket_name, self.invited_name, self.handed_name = (
            name_in_force(settings, f"{name}{suffix}") for name in ("ticket", "invited", "handed")
        )
        domain = domain or None
        self.pass_name = name_in_force(settings, f"pass{suffix}", domain=domain)
        self._own = attributes(settings, secure=secure)
        self._shared = attributes(settings, secure=secure, domain=domain)

    def pass_of(self, request: Request, tag: bytes, checked: slice = slice(None)) -> Pass | None:
        """Return the browser's pass, None when over or another's: `checked` is what counts of the tag.

        Raises TicketRefused for a false one.
        """
        text = cookies_of(request.scope).get(self.pass_name)
        entry_pass = self.seal.pass_(text) if text is not None else None
        if entry_pass is None or entry_pass.tag[checked] != tag[checked]:
            return None
        return entry_pass if self.lasts(entry_pass) else None

    def lasts(self, entry_pass: Pass) -> bool:
        """Tell whether the visit of a pass goes on: neither run out nor left."""
        return entry_pass.expires_at > clock.now() and entry_pass.visit_id not in self._left

    def has_pass(self, scope: Scope) -> bool:
        """Tell whether the request carries a pass that has not run out; whose it is, is not asked here."""
        text = cookies_of(scope).get(self.pass_name)
        try:
            return text is not None and self.lasts(self.seal.pass_(text))
        except TicketRefused:
            return False

    def false_ones(self, scope: Scope) -> list[str]:
        """Return the names of the pass and ticket that we did not make."""
        there, false = cookies_of(scope), []
        for name, read in ((self.pass_name, self.seal.pass_), (self.ticket_name, self.seal.ticket)):
            try:
                if name in there:
                    read(there[name])
            except TicketRefused:
                false.append(name)
        return false

    def ticket_of(self, request: Request, tag: bytes) -> Ticket | None:
        """Return the browser's ticket, None for another's.

        Raises TicketRefused for a false one, TicketExpired for an old one.
        """
        text = cookies_of(request.scope).get(self.ticket_name)
        if text is None:
            return None
        ticket = self.seal.ticket(text)
        if ticket.tag != tag:
            return None
        if ticket.number and clock.now() - ticket.issued_at > _TICKET_LIFE:
            raise TicketExpired
        return ticket

    def invitation_of(self, request: Request) -> Invitation | None:
        """Return the invitation that the browser followed, if it is good still."""
        text = cookies_of(request.scope).get(self.invited_name)
        if text is None:
            return None
        try:
            invitation = self.seal.invitation(text)
        except TicketRefused:
            return None
        return invitation if invitation.expires_at > clock.now() else None

    def of_pass(self, entry_pass: Pass) -> str:
        """Return the cookie; on a site under the same parent domain, it is seen there too."""
        text = self.seal.pass_text(entry_pass)
        return f"{self.pass_name}={text}; Max-Age={_seconds_to(entry_pass.expires_at)}; {self._shared}"

    def of_ticket(self, ticket: Ticket) -> str:
        life = _TICKET_LIFE if ticket.number else _EARLY_LIFE
        text = self.seal.ticket_text(ticket)
        return f"{self.ticket_name}={text}; Max-Age={int(life.total_seconds())}; {self._own}"

    def of_invitation(self, invitation: Invitation) -> str:
        text = self.seal.invitation_text(invitation)
        return f"{self.invited_name}={text}; Max-Age={_seconds_to(invitation.expires_at)}; {self._own}"

    def of_handover(self) -> str:
        """Return the mark that the pass has just been handed over: not again and again in a circle."""
        return f"{self.handed_name}=1; Max-Age=10; {self._own}"

    def without(self, name: str) -> str:
        return f"{name}=; Max-Age=0; {self._shared if name == self.pass_name else self._own}"


def _seconds_to(at: datetime) -> int:
    return max(math.ceil((at - clock.now()).total_seconds()), 0)
