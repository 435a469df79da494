"""Admission to a site: by pass, invitation or called number; everybody else gets a place in the queue."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import psycopg
from starlette.requests import Request

from safar.gate.door.board import Room, SiteBoard
from safar.gate.door.rooms import checked_here, tag_of
from safar.gate.line.actions import admit_many, enter_many
from safar.gate.line.visits import (
    VISITS_OF_INVITATION_MAX,
    renew_many,
    visit_of_invitation,
    visits_of_invitations_many,
)
from safar.gate.tickets.draw import draw_key, lot
from safar.gate.tickets.errors import TicketExpired, TicketRefused, TooManyVisitors, WorkWrong
from safar.gate.tickets.model import (
    Admission,
    Admitted,
    Arrival,
    Caller,
    CallerOf,
    Closed,
    Entry,
    EntryClaim,
    Invitation,
    NotYet,
    Over,
    Pass,
    Queued,
    Renewal,
    WorkFirst,
    WorkLimits,
)
from safar.gate.tickets.proof import BITS_LEAST
from safar.gate.tickets.seal import client_tag
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.errors import CookiesNeeded, Overloaded, SafarError
from safar.kernel.ids import derived_id, new_id
from safar.kernel.web.cookies import cookies_of
from safar.kernel.web.networks import routed_network
from safar.kernel.web.requests import client_address


class DoorOutcome(StrEnum):
    """What happens to a request: admitted, sent to the waiting room, or turned away."""

    INSIDE = "inside"
    WAIT = "wait"
    ENDED = "ended"
    REFUSED = "refused"


@dataclass(slots=True)
class DoorVerdict:
    """The cookies go out with whatever is answered; `entry_pass` is that of who is inside.

    `needs_work`: a place or number is given for a proof of work, of at least `work_bits`.
    """

    outcome: DoorOutcome = DoorOutcome.WAIT
    cookies: list[str] = field(default_factory=list)
    entry_pass: Pass | None = None
    needs_work: bool = False
    work_bits: int = 0
    error: SafarError | None = None

    def refuse(self, error: SafarError) -> None:
        self.outcome, self.error = DoorOutcome.REFUSED, error


@dataclass(frozen=True, slots=True)
class _Asking:
    """One request before one room."""

    request: Request
    board: SiteBoard
    room: Room
    caller: Caller
    verdict: DoorVerdict

    @property
    def pass_tag(self) -> bytes:
        return tag_of(self.request, self.room, self.caller)

    @property
    def ticket_tag(self) -> bytes:
        return client_tag(self.caller.client_id)

    @property
    def address(self) -> str:
        return client_address(self.request)


class Door:
    """Judges requests. A valid pass is checked by its signature; only without one the database is asked."""

    def __init__(self, context: Context, caller_of: CallerOf) -> None:
        self._context = context
        self.caller_of = caller_of
        settings = context.settings
        self._visit = timedelta(minutes=settings.visit_minutes)
        self._first = min(self._visit, timedelta(minutes=settings.visit_first_minutes))
        self._limits = WorkLimits(settings.gate_work_percent, settings.gate_network_percent)

    async def judge(
        self, request: Request, board: SiteBoard, room: Room, *, queue: bool = True
    ) -> DoorVerdict:
        """Return what happens to the request; who is refused gets `error`, and false cookies taken away.

        Without `queue` a newcomer comes in or gets nothing. Only for callers whose cookie has come back.
        """
        asking = _Asking(request, board, room, self.caller_of(request.scope), DoorVerdict())
        try:
            if not (
                await self._with_pass(asking)
                or await self._invited(asking)
                or await self._with_ticket(asking)
            ):
                await self._newcomer(asking, queue=queue)
        except SafarError as error:
            asking.verdict.refuse(error)
        return asking.verdict

    async def enter(
        self, request: Request, board: SiteBoard, room: Room, visit_id: UUID, work_bits: int
    ) -> DoorVerdict:
        """Give a place to a visitor who has done the proof of work; a proof is valid for one visit only."""
        asking = _Asking(request, board, room, self.caller_of(request.scope), DoorVerdict())
        try:
            if not asking.caller.returned:
                raise CookiesNeeded
            if not board.worked.take(asking.address):
                raise TooManyVisitors(seconds=board.worked.wait_s())
            arrival = replace(self._arrival(asking, visit_id), work_bits=work_bits)
            outcome = await self._context.batched(enter_many, arrival)
            if isinstance(outcome, Over):
                raise WorkWrong
            await self._settle(asking, outcome)
        except SafarError as error:
            asking.verdict.refuse(error)
        return asking.verdict

    def lasts(self, entry_pass: Pass) -> bool:
        """Tell whether a pass needs no renewal yet."""
        return entry_pass.expires_at - clock.now() > self._visit / 2

    async def renewed(self, entry_pass: Pass) -> Pass | None:
        """Return a pass that lasts longer: the same one while the database is busy, None when it is over."""
        renewal = Renewal(entry_pass.visit_id, entry_pass.expires_at, self._expiry())
        try:
            outcome = await self._context.batched(renew_many, renewal)
        except (Overloaded, psycopg.OperationalError):
            return entry_pass  # it still holds; a busy database is no reason to turn a visitor out
        return replace(entry_pass, expires_at=outcome.expires_at) if isinstance(outcome, Admitted) else None

    async def _with_pass(self, asking: _Asking) -> bool:
        """Tell whether a pass lets the visitor in; past half of its life it is renewed."""
        cookies, verdict = asking.room.cookies, asking.verdict
        try:
            entry_pass = cookies.pass_of(asking.request, asking.pass_tag, checked_here(asking.room))
        except TicketRefused:
            verdict.cookies.append(cookies.without(cookies.pass_name))
            raise
        if entry_pass is None:
            return False
        valid_pass = entry_pass if self.lasts(entry_pass) else await self.renewed(entry_pass)
        if valid_pass is None:
            return False
        if valid_pass is not entry_pass:
            verdict.cookies.append(cookies.of_pass(valid_pass))
        verdict.outcome, verdict.entry_pass = DoorOutcome.INSIDE, valid_pass
        return True

    async def _invited(self, asking: _Asking) -> bool:
        """Tell whether an invitation lets the visitor in, past the queue: one visit of it at a time."""
        site = asking.room.site
        invitation = asking.room.cookies.invitation_of(asking.request)
        if invitation is None or site is None or not site.invited_places:
            return False
        been = await self._context.batched(visits_of_invitations_many, invitation.id)
        for visit in range(max(been - 1, 0), min(been + 1, VISITS_OF_INVITATION_MAX)):
            arrival = self._invited_arrival(asking, invitation, visit)
            outcome = await self._context.batched(enter_many, arrival)
            if isinstance(outcome, Admitted):
                self._let_in(asking, outcome)
                return True
            if not isinstance(outcome, Over):
                return False
        return False

    async def _with_ticket(self, asking: _Asking) -> bool:
        """Tell whether a ticket settles it: its holder is let in, or goes on waiting."""
        room, cookies = asking.room, asking.room.cookies
        try:
            ticket = cookies.ticket_of(asking.request, asking.ticket_tag)
        except (TicketRefused, TicketExpired):
            asking.verdict.cookies.append(cookies.without(cookies.ticket_name))
            raise
        if ticket is None:
            return False
        if not ticket.number or room.place(ticket.number) or room.ended:
            return True
        caller = asking.caller
        claim = EntryClaim(room.key, ticket, caller.customer_id, caller.campaign_id, self._expiry())
        return await self._settle(asking, await self._context.batched(admit_many, claim))

    async def _newcomer(self, asking: _Asking, *, queue: bool) -> None:
        """Let them in or give them a number, a lot; where work is asked for, let them in or nothing.

        More from one address than a few people ask for is asked to work, too.
        """
        room = asking.room
        if not asking.caller.returned:
            raise CookiesNeeded
        work = room.site is not None and room.site.work
        queue = queue and not work
        if not work and not asking.board.buckets.take(asking.address):
            asking.verdict.needs_work, asking.verdict.work_bits = True, BITS_LEAST
            return
        hour = int(clock.now().timestamp()) // 3600
        visit_id = derived_id("visit", room.key, asking.caller.client_id, hour)
        for id_ in (visit_id, new_id()):
            arrival = replace(self._arrival(asking, id_), queue=queue)
            outcome = await self._context.batched(enter_many, arrival)
            if await self._settle(asking, outcome):
                if work and isinstance(outcome, NotYet):
                    asking.verdict.needs_work = True
                return

    async def _settle(self, asking: _Asking, outcome: Entry | Admission) -> bool:
        """Put the gate's answer in the verdict; False when the visitor starts anew."""
        cookies, verdict = asking.room.cookies, asking.verdict
        match outcome:
            case Admitted():
                self._let_in(asking, outcome)
            case Queued(ticket):
                verdict.cookies.append(cookies.of_ticket(replace(ticket, tag=asking.ticket_tag)))
            case NotYet():
                asking.room.note_full()
            case WorkFirst(bits):
                verdict.needs_work, verdict.work_bits = True, bits
            case Closed():
                await asking.board.refresh()
                verdict.outcome = DoorOutcome.ENDED
            case Over():
                verdict.cookies.append(cookies.without(cookies.ticket_name))
                return False
        return True

    def _let_in(self, asking: _Asking, admitted: Admitted) -> None:
        cookies, verdict = asking.room.cookies, asking.verdict
        entry_pass = Pass(admitted.visit_id, admitted.expires_at, asking.pass_tag)
        verdict.outcome, verdict.entry_pass = DoorOutcome.INSIDE, entry_pass
        verdict.cookies.append(cookies.of_pass(entry_pass))
        if cookies.ticket_name in cookies_of(asking.request.scope):
            verdict.cookies.append(cookies.without(cookies.ticket_name))

    def _arrival(self, asking: _Asking, visit_id: UUID) -> Arrival:
        site, caller, drawn = asking.room.site, asking.caller, None
        if site is not None and site.opening_id is not None and site.before_opening(clock.now()):
            visit_id = derived_id("draw", site.opening_id, caller.client_id)  # one draw a browser
            key = draw_key(self._context.vault, site.opening_id, site.draw_hash)
            drawn = lot(key, site.opening_id, visit_id)
        first = self._visit if asking.room.external else self._first  # pages of others are not seen here
        return Arrival(
            asking.room.key,
            visit_id,
            caller.customer_id,
            caller.campaign_id,
            clock.now() + first,
            lot=drawn,
            network=routed_network(asking.address),
            limits=self._limits,
        )

    def _invited_arrival(self, asking: _Asking, invitation: Invitation, visit: int) -> Arrival:
        return Arrival(
            site_key=asking.room.key,
            visit_id=visit_of_invitation(invitation.id, visit),
            customer_id=invitation.customer_id or asking.caller.customer_id,
            campaign_id=invitation.campaign_id or asking.caller.campaign_id,
            expires_at=self._expiry(),
            queue=False,
            invited=True,
        )

    def _expiry(self) -> datetime:
        return clock.now() + self._visit


def door_of(request: Request) -> Door:
    """Return the door of this application; the gate's layer puts it there."""
    door: Door = request.app.state.door
    return door
