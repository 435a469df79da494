"""The inbox of the console: folders, a conversation, and both live."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.channels.accounts import accounts_of_channels
from safar.channels.actions import troubles
from safar.channels.model import KINDS, NAMES, Author
from safar.channels.parts import SHOWN, stored_file
from safar.customers.sentences import sentences_of
from safar.inbox import sidebar
from safar.inbox.actions import assign, close_conversation, reopen_conversation, reply
from safar.inbox.availability import live_presence
from safar.inbox.decide import newest
from safar.inbox.decide_handling import PRIORITIES, SNOOZES, TONES
from safar.inbox.drafts import Draft, drop_draft, kept_draft_of, was_said
from safar.inbox.errors import AlreadySent, NoAddress, NoConversation, Overtaken, PlacesOpen, WindowClosed
from safar.inbox.folders import COUNTED_MAX, FOLDERS, FolderPage, FolderPages, View, folder_page
from safar.inbox.handling import labels, labels_of
from safar.inbox.live import bursts
from safar.inbox.model import ReplyAddress, ReplyOutcome
from safar.inbox.notes import NOTE_MAX, see_mentions, unseen_mentions
from safar.inbox.replay import read_again
from safar.inbox.routing import is_away
from safar.inbox.saved_replies import open_places
from safar.inbox.thread import Thread, colleagues, thread_of, ways_sorted
from safar.inbox.words import reason_text
from safar.journal.live import kind_of
from safar.journal.model import Recorded
from safar.kernel import clock
from safar.kernel.database import Connection
from safar.kernel.errors import InvalidInput, NotFound
from safar.kernel.i18n import _
from safar.kernel.ids import derived_id, new_id, parse_id
from safar.kernel.keyset import key_moment, parse_page_key
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor, actor_of
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, page, render
from safar.kernel.web.post import NOTHING, Wrong, posted
from safar.kernel.web.requests import see_other
from safar.kernel.web.sse import ServerEvent, event_stream

TEXT_MAX = 10_000
_NOBODY = "nobody"
_KINDS = ("conversation", "message")


def view_of(request: Request, actor: Actor) -> View:
    """Return what of the inbox a request looks at."""
    folder = request.query_params.get("folder", "open")
    return View(
        folder=folder if folder in FOLDERS else "open",
        staff_id=actor.id if folder == "mine" else None,
        search=request.query_params.get("q", "")[:100],
        after=parse_page_key(request.query_params.get("after"), key_moment, UUID),
        label_id=_id_or_none(request.query_params.get("label", "")),
        priority=priority if (priority := request.query_params.get("priority")) in PRIORITIES else None,
    )


def _id_or_none(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def folder_query(view: View, **more: str) -> str:
    """Return the query of an address that shows `view`."""
    shown = {
        "folder": view.folder,
        "q": view.search,
        "label": str(view.label_id or ""),
        "priority": view.priority or "",
    } | more
    return urlencode({name: text for name, text in shown.items() if text})


def _list_values(view: View, found: FolderPage, open_id: UUID | None) -> dict[str, Any]:
    return {
        "view": view,
        "listed": found,
        "open_id": open_id,
        "snoozes": SNOOZES,
        "tones": TONES,
        "folders": [(code, _(label)) for code, label in FOLDERS.items()],
        "query_of": lambda **more: folder_query(view, **more),
        "kinds": KINDS,
        "channel_names": NAMES,
        "reason_text": reason_text,
        "priorities": PRIORITIES,
        "counted_max": COUNTED_MAX,
        "now": clock.now(),
    }


async def inbox(request: Request, _wrong: Wrong = NOTHING) -> Response:
    """Show a folder."""
    actor = actor_of(request)
    view = view_of(request, actor)
    await accounts_of_channels(context_of(request))
    async with context_of(request).database.connection() as connection:
        values = _list_values(view, await folder_page(connection, view), None)
        values["troubles"] = await troubles(connection)
        values["colleagues"] = await colleagues(connection)
        values["labels"] = await labels(connection)
        values["mentions"] = await unseen_mentions(connection, actor.id)
        values["away"] = await is_away(connection, actor.id)
        values["actor"] = actor
    return page(request, "inbox/inbox.html", {**values, "live_url": _live_url(request, view)})


def _live_url(request: Request, view: View, open_id: UUID | None = None) -> str:
    more = {"after": request.query_params.get("after", ""), "open": str(open_id or "")}
    return f"/inbox/stream?{folder_query(view, **more)}"


async def conversation(request: Request, wrong: Wrong = NOTHING) -> Response:
    """Show a conversation beside its folder."""
    actor = actor_of(request)
    view, id_ = view_of(request, actor), parse_id(request.path_params["id"])
    before = _moment(request.query_params.get("before", ""))
    await accounts_of_channels(context_of(request))  # what its channels are called
    async with context_of(request).database.connection() as connection:
        thread = await thread_of(connection, id_, before=before)
        ways = await ways_sorted(connection, thread.conversation)
        values = {
            **_list_values(view, await folder_page(connection, view), id_),
            **_thread_values(thread),
            "ways": ways,
            "default_way": default
            if isinstance(default := newest(ways), ReplyAddress) and default.own
            else None,
            "colleagues": await colleagues(connection),
            "labels": await labels(connection),
            "labels_put": await labels_of(connection, id_),
            "draft": await kept_draft_of(connection, id_, actor.id),
            "troubles": await troubles(connection),
            "about": await sidebar.sidebar_of(connection, thread.conversation, sentences_of(request)),
        }
        await see_mentions(connection, id_, actor.id)
    values |= _composer_values(values["draft"], ways, wrong) | {
        "actor": actor,
        "live_url": None if before else _live_url(request, view, id_),
    }
    return page(request, "inbox/conversation.html", values, status=wrong.status)


def _composer_values(draft: Draft | None, ways: Sequence[ReplyAddress], wrong: Wrong) -> dict[str, Any]:
    """Return what stands in the fields: as typed when it was refused, else as it was left."""
    typed = wrong.typed
    used_up = isinstance(wrong.refused, AlreadySent)
    send_to = typed.get("to") or (draft.send_to if draft else "")
    of_note = "note" in typed
    return {
        "message_id": new_id() if used_up else typed.get("id") or new_id(),
        "text": typed.get("text", draft.text if draft else "")[:TEXT_MAX],
        "chosen_to": send_to if send_to in {f"{way.channel_id} {way.address}" for way in ways} else "",
        "text_max": TEXT_MAX,
        "note_max": NOTE_MAX,
        "note_id": typed.get("note_id") or new_id(),
        "note_text": typed.get("note", "")[:NOTE_MAX],
        "note_problem": wrong.first if of_note else None,
        "problems": {} if of_note else wrong.problems,
        "problem": None if of_note else wrong.problem,
    }


def _thread_values(thread: Thread) -> dict[str, Any]:
    return {
        "thread": thread,
        "conversation": thread.conversation,
        "priorities": PRIORITIES,
        "kinds": KINDS,
        "channel_names": NAMES,
        "reason_text": reason_text,
    }


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


async def stream_parts(request: Request) -> Response:
    """Stream the parts of the page as they change; each new stream begins with all of them."""
    actor = actor_of(request)
    opened = request.query_params.get("open", "")
    open_id = parse_id(opened) if opened else None
    return event_stream(_parts(request, view_of(request, actor), open_id))


async def _parts(request: Request, view: View, open_id: UUID | None) -> AsyncIterator[ServerEvent]:
    database = context_of(request).database
    async with live_presence(database, actor_of(request).id):
        async for event in _parts_of(request, view, open_id):
            yield event


async def _parts_of(request: Request, view: View, open_id: UUID | None) -> AsyncIterator[ServerEvent]:
    database = context_of(request).database
    board = _board(request)

    async def read(wanted: View) -> FolderPage:
        async with database.connection() as connection:
            return await folder_page(connection, wanted)

    async for burst in bursts(request.app.state.live, database, _KINDS, _of_inbox):
        found = await board.page(view, burst.newest, read)
        html = render("inbox/list.html", {"request": request, **_list_values(view, found, open_id)})
        yield ServerEvent(html, event="threads", id=burst.newest or None)
        if open_id is not None and (burst.subjects is None or open_id in burst.subjects):
            async with database.connection() as connection:
                thread = await thread_of(connection, open_id)
            values = {"request": request, **_thread_values(thread)}
            yield ServerEvent(render("inbox/messages.html", values), event="messages")
            yield ServerEvent(render("inbox/standing.html", values), event="standing")


def _of_inbox(event: Recorded) -> bool:
    return kind_of(event.name) in _KINDS


def _board(request: Request) -> FolderPages:
    state = request.app.state
    if not hasattr(state, "inbox_board"):
        state.inbox_board = FolderPages()
    board = state.inbox_board
    assert isinstance(board, FolderPages)
    return board


@posted(conversation)
async def post_reply(request: Request, actor: Actor, fields: Fields) -> str:
    """Send a reply; the form's message id makes a second click, or a second try, the same reply."""
    text = fields.text("text", length_max=TEXT_MAX).replace("\r\n", "\n")
    message_id = message_id_of(fields, actor.id)
    channel_id, address = _recipient(fields)
    fields.done()
    if open_places(text):
        raise PlacesOpen
    id_ = parse_id(request.path_params["id"])
    async with context_of(request).database.transaction() as connection:
        said = await reply(
            connection,
            id_,
            text,
            author=Author.STAFF,
            message_id=message_id,
            staff_id=actor.id,
            channel_id=channel_id,
            address=address,
            seen_at=_moment(fields.values.get("seen_at", "")),
        )
        if said is ReplyOutcome.REPEATED and not await was_said(connection, message_id, text):
            raise AlreadySent
        if said in (ReplyOutcome.SENT, ReplyOutcome.REPEATED):
            await drop_draft(connection, id_, actor.id)
    if said is ReplyOutcome.OVERTAKEN:
        raise Overtaken
    if said is ReplyOutcome.NO_CONVERSATION:
        raise NoConversation
    if said is ReplyOutcome.NO_ADDRESS:
        raise NoAddress
    if said is ReplyOutcome.WINDOW:
        raise WindowClosed
    if said is ReplyOutcome.CHOOSE:
        raise InvalidInput(to=_("Somebody else wrote last here. Choose who gets your answer."))
    return path_back(request)


def _recipient(fields: Fields) -> tuple[UUID | None, str | None]:
    """Return the channel and the address that the form says, its id before the address."""
    channel, _space, address = fields.values.get("to", "").partition(" ")
    return next((id_ for id_ in KINDS if str(id_) == channel), None), address or None


def message_id_of(fields: Fields, staff_id: UUID) -> UUID:
    """Return the id of the reply that a form is about: the same however often it is sent."""
    id_ = fields.uuid("id", wrong=_("Reload the page and send your message again."))
    return derived_id("reply", staff_id, id_)


@posted(conversation)
async def post_assignee(request: Request, actor: Actor, fields: Fields) -> str:
    """Give the conversation to oneself, to a colleague or to nobody."""
    wanted = fields.values.get("to", "me")
    async with context_of(request).database.transaction() as connection:
        to = actor.id if wanted == "me" else await colleague_of(connection, fields, wanted)
        await assign(connection, parse_id(request.path_params["id"]), to, staff_id=actor.id)
    return path_back(request)


async def colleague_of(connection: Connection, fields: Fields, wanted: str) -> UUID | None:
    """Return the colleague that a form names, None for nobody. Raises InvalidInput for anybody else."""
    if wanted == _NOBODY:
        return None
    known = {str(colleague.id) for colleague in await colleagues(connection)}
    fields.choice("to", known)
    fields.done()
    return UUID(wanted)


async def post_closure(request: Request) -> Response:
    """Close the conversation."""
    actor = actor_of(request)
    async with context_of(request).database.transaction() as connection:
        await close_conversation(connection, parse_id(request.path_params["id"]), staff_id=actor.id)
    return _back(request)


@posted(conversation)
async def post_reopening(request: Request, actor: Actor, _fields: Fields) -> str:
    """Take a closed conversation up again."""
    async with context_of(request).database.transaction() as connection:
        await reopen_conversation(connection, parse_id(request.path_params["id"]), staff_id=actor.id)
    return path_back(request)


def _back(request: Request) -> Response:
    return see_other(path_back(request))


def path_back(request: Request) -> str:
    """Return the address of the conversation that a form was about, in its folder."""
    view = view_of(request, actor_of(request))
    return f"/inbox/{parse_id(request.path_params['id'])}?{folder_query(view)}"


async def file_of_message(request: Request) -> Response:
    """Hand out a file of a message: a picture to look at, all else to be saved, nothing as a page."""
    async with context_of(request).database.connection() as connection:
        file = await stored_file(connection, parse_id(request.path_params["id"]))
    if file is None:
        raise NotFound
    shown = file.mime in SHOWN
    name = quote(file.name or "file")
    headers = {
        "content-disposition": f"{'inline' if shown else 'attachment'}; filename*=UTF-8''{name}",
        "content-security-policy": "default-src 'none'; sandbox",
        "x-content-type-options": "nosniff",
        "cache-control": "private, max-age=3600",
    }
    return Response(
        file.content, media_type=file.mime if shown else "application/octet-stream", headers=headers
    )


async def post_reading(request: Request) -> Response:
    """Read something that a provider posted once more."""
    await read_again(context_of(request), parse_id(request.path_params["id"]))
    return see_other("/channels")


routes: list[BaseRoute] = [
    StaffRoute("/inbox/posts/{id}/again", post_reading, role="manager", methods=["POST"]),
    StaffRoute("/inbox/files/{id}", file_of_message, role="agent"),
    StaffRoute("/inbox", inbox, role="agent"),
    StaffRoute("/inbox/stream", stream_parts, role="agent"),
    StaffRoute("/inbox/{id}", conversation, role="agent"),
    StaffRoute("/inbox/{id}/messages", post_reply, role="agent", methods=["POST"]),
    StaffRoute("/inbox/{id}/assignee", post_assignee, role="agent", methods=["POST"]),
    StaffRoute("/inbox/{id}/closure", post_closure, role="agent", methods=["POST"]),
    StaffRoute("/inbox/{id}/reopening", post_reopening, role="agent", methods=["POST"]),
]
