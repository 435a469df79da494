"""The gate as an ASGI layer: who has a pass goes through, others get one or a place in the queue."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote
from uuid import UUID

import psycopg
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from safar.capacity.actions import Extension, extend_many
from safar.capacity.model import HoldState
from safar.gate.actions import admit_many, enter_many
from safar.gate.board import Board
from safar.gate.cookies import ENTRY_COOKIE, TICKET_COOKIE, Cookies
from safar.gate.errors import QueueEnded, TicketExpired, TicketRefused, Waiting
from safar.gate.model import Admission, Admitted, Arrival, Claim, Closed, Entry, NotYet, Over, Pass, Queued
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.errors import Overloaded, SafarError
from safar.kernel.ids import new_id
from safar.kernel.web.pages import error_response, wants_json
from safar.kernel.web.requests import local_path, see_other

Caller = Callable[[Scope], tuple[UUID, UUID | None]]


@dataclass(slots=True)
class _Verdict:
    """`response` None: let in. The cookies go out with whatever is answered."""

    response: Response | None = None
    cookies: list[str] = field(default_factory=list)


class GateLayer:
    """Pure ASGI layer. A valid pass is let through by arithmetic; only its absence asks the database."""

    def __init__(
        self,
        app: ASGIApp,
        context: Context,
        site_key: str,
        caller: Caller,
        exempt: Callable[[str], bool],
    ) -> None:
        self._app = app
        self._context = context
        self._site_key = site_key
        self._caller = caller
        self._exempt = exempt
        self._cookies = Cookies(context, site_key)
        self._visit = timedelta(minutes=context.settings.visit_minutes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._exempt(scope["path"]):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        verdict = await self._judge(request)

        async def send_with_cookies(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for cookie in verdict.cookies:
                    headers.append("set-cookie", cookie)
            await send(message)

        answer: ASGIApp = self._app if verdict.response is None else verdict.response
        await answer(scope, receive, send_with_cookies if verdict.cookies else send)

    async def _judge(self, request: Request) -> _Verdict:
        verdict = _Verdict()
        try:
            inside = await self._with_pass(request, verdict) or await self._with_ticket(request, verdict)
            if not inside:
                await self._newcomer(request, verdict)
        except SafarError as error:
            verdict.response = error_response(request, error)
        return verdict

    async def _with_pass(self, request: Request, verdict: _Verdict) -> bool:
        """Tell whether a pass lets the visitor in; past half of its life it is renewed."""
        try:
            entry_pass = self._cookies.pass_of(request)
        except TicketRefused:
            verdict.cookies.append(self._cookies.without(ENTRY_COOKIE))
            raise
        if entry_pass is None:
            return False
        left = entry_pass.expires_at - clock.now()
        return left > self._visit / 2 or await self._renewed(entry_pass, verdict)

    async def _renewed(self, entry_pass: Pass, verdict: _Verdict) -> bool:
        try:
            extension = Extension(entry_pass.visit_id, self._expiry())
            ended = await self._context.batched(extend_many, extension)
        except (Overloaded, psycopg.OperationalError):
            return True  # the pass still holds; a busy database is no reason to turn a visitor out
        if ended.state is not HoldState.LIVE or ended.expires_at is None:
            return False
        verdict.cookies.append(self._cookies.of_pass(Pass(entry_pass.visit_id, ended.expires_at)))
        return True

    async def _with_ticket(self, request: Request, verdict: _Verdict) -> bool:
        """Tell whether a ticket settles it: its holder is let in, or goes on waiting."""
        try:
            ticket = self._cookies.ticket_of(request)
        except (TicketRefused, TicketExpired):
            verdict.cookies.append(self._cookies.without(TICKET_COOKIE))
            raise
        if ticket is None:
            return False
        board: Board = request.app.state.board
        if board.place(ticket.number) or board.ended:
            verdict.response = _to_waiting_room(request)
            return True
        customer_id, campaign_id = self._caller(request.scope)
        claim = Claim(self._site_key, ticket, customer_id, campaign_id, self._expiry())
        return await self._settle(request, verdict, await self._context.batched(admit_many, claim))

    async def _newcomer(self, request: Request, verdict: _Verdict) -> None:
        customer_id, campaign_id = self._caller(request.scope)
        arrival = Arrival(self._site_key, new_id(), customer_id, campaign_id, self._expiry())
        await self._settle(request, verdict, await self._context.batched(enter_many, arrival))

    async def _settle(self, request: Request, verdict: _Verdict, outcome: Entry | Admission) -> bool:
        """Put the gate's answer in the verdict; False when the visitor starts anew."""
        board: Board = request.app.state.board
        match outcome:
            case Admitted(visit_id, expires_at):
                verdict.cookies.append(self._cookies.of_pass(Pass(visit_id, expires_at)))
                if TICKET_COOKIE in request.cookies:
                    verdict.cookies.append(self._cookies.without(TICKET_COOKIE))
            case Queued(ticket):
                verdict.cookies.append(self._cookies.of_ticket(ticket))
                verdict.response = _to_waiting_room(request)
            case NotYet():
                board.note_full()
                verdict.response = _to_waiting_room(request)
            case Closed():
                await board.refresh()
                verdict.response = _to_waiting_room(request, ended=True)
            case Over():
                verdict.cookies.append(self._cookies.without(TICKET_COOKIE))
                return False
        return True

    def _expiry(self) -> datetime:
        return clock.now() + self._visit


def _to_waiting_room(request: Request, *, ended: bool = False) -> Response:
    """Send a person to the waiting page; tell a program in so many words, with the time to try again."""
    if wants_json(request):
        return error_response(request, QueueEnded() if ended else Waiting())
    return see_other(f"/wait?next={quote(_wanted_path(request), safe='')}")


def _wanted_path(request: Request) -> str:
    """Return where to go once inside: this page, or for a form the page that it was on."""
    if request.method in ("GET", "HEAD"):
        query = request.url.query
        return local_path(request.url.path + (f"?{query}" if query else ""))
    referer = request.headers.get("referer", "")
    own = f"{request.url.scheme}://{request.url.netloc}"
    return local_path(referer.removeprefix(own)) if referer.startswith(own + "/") else "/"
