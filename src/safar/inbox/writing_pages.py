"""What staff write without sending it: notes, drafts and saved replies."""

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from safar.customers.actions import customer_cards
from safar.inbox.drafts import keep_draft
from safar.inbox.notes import NOTE_MAX, write_inbox_note
from safar.inbox.pages import TEXT_MAX, conversation, message_id_of, path_back
from safar.inbox.presence import Onlookers
from safar.inbox.saved_replies import (
    SHORTCUT,
    WORDS_MAX,
    SavedReply,
    filled,
    forget_reply,
    save_reply,
    saved_replies,
    unknown_places,
    words_for,
)
from safar.inbox.thread import conversation_of
from safar.kernel.i18n import LANGUAGES, _
from safar.kernel.ids import derived_id, new_id, parse_id
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor, actor_of
from safar.kernel.web.forms import Fields, read_fields
from safar.kernel.web.pages import context_of, page
from safar.kernel.web.post import NOTHING, Wrong, posted
from safar.orders.reading import orders_of_customer
from safar.owner.reading import known_shop


@posted(conversation)
async def post_note(request: Request, actor: Actor, fields: Fields) -> str:
    """Write a note for colleagues; the form's id makes a second click the same note."""
    text = fields.text("note", length_max=NOTE_MAX).replace("\r\n", "\n")
    id_ = fields.uuid("note_id", wrong=_("Reload the page and write your note again."))
    fields.done()
    async with context_of(request).database.transaction() as connection:
        await write_inbox_note(
            connection,
            parse_id(request.path_params["id"]),
            text,
            note_id=derived_id("note", actor.id, id_),
            staff_id=actor.id,
        )
    return path_back(request)


async def post_draft(request: Request) -> Response:
    """Keep what is typed into the composer."""
    actor, fields = actor_of(request), await read_fields(request)
    message_id = message_id_of(fields, actor.id)
    text = fields.text("text", length_max=TEXT_MAX, required=False)
    send_to = fields.text("to", length_max=400, required=False)
    fields.done()
    async with context_of(request).database.transaction() as connection:
        await keep_draft(
            connection,
            parse_id(request.path_params["id"]),
            actor.id,
            text,
            send_to=send_to,
            message_id=message_id,
        )
    return Response(status_code=204)


async def post_look(request: Request) -> Response:
    """Somebody looks, types or (`left`) has closed it; return who else is there."""
    actor, fields = actor_of(request), await read_fields(request)
    id_ = parse_id(request.path_params["id"])
    doing = fields.choice("doing", {"looks", "types", "left"})
    fields.done()
    state = request.app.state
    if not hasattr(state, "onlookers"):
        state.onlookers = Onlookers()
    onlookers: Onlookers = state.onlookers
    if doing == "left":
        onlookers.leave(id_, actor.id)
        return Response(status_code=204)
    others = onlookers.look(id_, actor, typing=doing == "types")
    said = [
        _("%(name)s is typing a reply.", name=other.name)
        if other.typing
        else _("%(name)s has this open, too.", name=other.name)
        for other in others
    ]
    return JSONResponse({"others": said})


async def offered_replies(request: Request) -> Response:
    """Return the saved replies as they would be said in a conversation: its language, its customer."""
    context = context_of(request)
    async with context.database.connection() as connection:
        found = await conversation_of(connection, parse_id(request.path_params["id"]))
        card = (await customer_cards(connection, [found.customer_id])).get(found.customer_id)
        orders = await orders_of_customer(connection, [found.customer_id], limit=1)
        replies = await saved_replies(connection)
    shop = known_shop(context)
    known = {
        "customer": card.name if card else None,
        "order": str(orders[0].number) if orders else None,
        "shop": shop.name,
    }
    offered = [
        {"shortcut": reply.shortcut, "text": filled(words_for(reply, found.language, shop.language), known)}
        for reply in replies
    ]
    return JSONResponse({"replies": offered})


async def saved_replies_page(request: Request, wrong: Wrong = NOTHING) -> Response:
    """Show what is said often; managers change it."""
    async with context_of(request).database.connection() as connection:
        replies = await saved_replies(connection)
    values: dict[str, Any] = wrong.values() | {
        "replies": replies,
        "words_max": WORDS_MAX,
        "new_id": new_id(),
        "is_new": wrong.typed.get("id") not in {str(reply.id) for reply in replies},
        "may_change": actor_of(request).may("manager"),
        "languages": [(code, name) for code, name in LANGUAGES.items()],
    }
    return page(request, "inbox/saved_replies.html", values, status=wrong.status)


@posted(saved_replies_page)
async def post_saved_reply(request: Request, actor: Actor, fields: Fields) -> str:
    """Save one, new or changed."""
    id_ = fields.uuid("id")
    shortcut = fields.text("shortcut", length_max=40).lower().lstrip("/")
    if "shortcut" not in fields.problems and not SHORTCUT.fullmatch(shortcut):
        fields.problems["shortcut"] = _("Letters, figures and hyphens only.")
    words = {code: _words(fields, f"words-{code}") for code in LANGUAGES}
    if not any(words.values()) and not fields.problems:
        fields.problems[f"words-{next(iter(LANGUAGES))}"] = _("This is needed.")
    fields.done()
    async with context_of(request).database.transaction() as connection:
        await save_reply(connection, SavedReply(id_, shortcut, words), staff_id=actor.id)
    return "/saved-replies"


def _words(fields: Fields, name: str) -> str:
    text = fields.text(name, length_max=WORDS_MAX, required=False).replace("\r\n", "\n")
    if unknown := unknown_places(text):
        fields.problems[name] = _("Nothing is filled in for “%(place)s”.", place=unknown[0])
    return text


async def post_reply_removal(request: Request) -> Response:
    """Delete a saved reply."""
    return await _removal(request)


@posted(saved_replies_page)
async def _removal(request: Request, actor: Actor, _fields: Fields) -> str:
    id_: UUID = parse_id(request.path_params["id"])
    async with context_of(request).database.transaction() as connection:
        await forget_reply(connection, id_, staff_id=actor.id)
    return "/saved-replies"


routes: list[BaseRoute] = [
    StaffRoute("/inbox/{id}/notes", post_note, role="agent", methods=["POST"]),
    StaffRoute("/inbox/{id}/draft", post_draft, role="agent", methods=["POST"]),
    StaffRoute("/inbox/{id}/onlookers", post_look, role="agent", methods=["POST"]),
    StaffRoute("/inbox/{id}/replies", offered_replies, role="agent"),
    StaffRoute("/saved-replies", saved_replies_page, role="agent"),
    StaffRoute("/saved-replies", post_saved_reply, role="manager", methods=["POST"]),
    StaffRoute("/saved-replies/{id}/remove", post_reply_removal, role="manager", methods=["POST"]),
]
