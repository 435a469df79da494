"""The two cookies of the gate: the ticket of who waits, the pass of who is inside."""

import math
from datetime import timedelta

from starlette.requests import Request

from safar.gate.errors import TicketExpired
from safar.gate.model import Pass, Ticket
from safar.gate.seal import Seal
from safar.kernel import clock
from safar.kernel.context import Context

ENTRY_COOKIE = "pass"
TICKET_COOKIE = "ticket"
_TICKET_LIFE = timedelta(days=1)


class Cookies:
    """Reads and writes the cookies of one site; none of it asks the database."""

    def __init__(self, context: Context, site_key: str) -> None:
        self._seal = Seal(context.vault, site_key)
        secure = "; Secure" if context.settings.cookies_secure else ""
        self._shared = f"Path=/; HttpOnly; SameSite=Lax{secure}"

    def pass_of(self, request: Request) -> Pass | None:
        """Return the visitor's pass unless it has run out. Raises TicketRefused for a false one."""
        text = request.cookies.get(ENTRY_COOKIE)
        entry_pass = self._seal.pass_(text) if text is not None else None
        return entry_pass if entry_pass and entry_pass.expires_at > clock.now() else None

    def ticket_of(self, request: Request) -> Ticket | None:
        """Return the visitor's ticket. Raises TicketRefused for a false one, TicketExpired for an old one."""
        text = request.cookies.get(TICKET_COOKIE)
        if text is None:
            return None
        ticket = self._seal.ticket(text)
        if clock.now() - ticket.issued_at > _TICKET_LIFE:
            raise TicketExpired
        return ticket

    def of_pass(self, entry_pass: Pass) -> str:
        left_s = math.ceil((entry_pass.expires_at - clock.now()).total_seconds())
        return f"{ENTRY_COOKIE}={self._seal.pass_text(entry_pass)}; Max-Age={max(left_s, 0)}; {self._shared}"

    def of_ticket(self, ticket: Ticket) -> str:
        life_s = int(_TICKET_LIFE.total_seconds())
        return f"{TICKET_COOKIE}={self._seal.ticket_text(ticket)}; Max-Age={life_s}; {self._shared}"

    def without(self, name: str) -> str:
        return f"{name}=; Max-Age=0; {self._shared}"
