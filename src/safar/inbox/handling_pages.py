"""What staff do with conversations besides answering: one, or several from the list; and the labels."""

from collections.abc import Sequence
from datetime import datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.inbox import handling
from safar.inbox.decide_handling import PRIORITIES, SNOOZES, TONES, snooze_end
from safar.inbox.handling import Outcome
from safar.inbox.model import Conversation
from safar.inbox.pages import colleague_of, conversation, folder_query, path_back, view_of
from safar.kernel import clock
from safar.kernel.connection import Connection
from safar.kernel.errors import InvalidInput, SafarError
from safar.kernel.i18n import _, ngettext
from safar.kernel.ids import parse_id
from safar.kernel.refusals import only
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor, actor_of
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, error_text, page
from safar.kernel.web.post import NOTHING, Wrong, posted
from safar.kernel.web.requests import see_other
from safar.kernel.web.told import tell

_BULK_MAX = 100
_MORNING = time(9)


@posted(conversation)
async def post_handling(request: Request, actor: Actor, fields: Fields) -> str:
    """Set priority and labels as the form has them."""
    id_ = parse_id(request.path_params["id"])
    priority = fields.choice("priority", PRIORITIES)
    fields.done()
    async with context_of(request).database.transaction() as connection:
        only(await handling.prioritise_many(connection, [id_], priority, staff_id=actor.id))
        known = [label.id for label in await handling.labels(connection)]
        put = [label for label in known if fields.ticked(f"label-{label}")]
        take = [label for label in known if label not in put]
        only(await handling.label_many(connection, [id_], put=put, take=take, staff_id=actor.id))
    return path_back(request)


@posted(conversation)
async def post_snooze(request: Request, actor: Actor, fields: Fields) -> str:
    """Put the conversation off."""
    day = fields.day("day")
    choice = "day" if day else fields.choice("until", SNOOZES)
    fields.done()
    zone = context_of(request).settings.timezone
    until = datetime.combine(day, _MORNING, ZoneInfo(zone)) if day else snooze_end(choice, clock.now(), zone)
    if until is not None and until <= clock.now():
        raise InvalidInput(day=_("Choose a day ahead."))
    async with context_of(request).database.transaction() as connection:
        id_ = parse_id(request.path_params["id"])
        only(await handling.snooze_many(connection, [id_], until, staff_id=actor.id))
    return path_back(request)


@posted(conversation)
async def post_waking(request: Request, actor: Actor, _fields: Fields) -> str:
    """Bring a conversation back that was put off."""
    async with context_of(request).database.transaction() as connection:
        id_ = parse_id(request.path_params["id"])
        only(await handling.wake_many(connection, [id_], staff_id=actor.id))
    return path_back(request)


@posted(conversation)
async def post_spam(request: Request, actor: Actor, fields: Fields) -> str:
    """Mark the conversation as spam, or take that back."""
    async with context_of(request).database.transaction() as connection:
        id_ = parse_id(request.path_params["id"])
        spam = fields.ticked("spam")
        only(await handling.mark_spam_many(connection, [id_], spam=spam, staff_id=actor.id))
    return path_back(request)


async def post_bulk(request: Request) -> Response:
    """Do one thing with all conversations that were ticked; say which it could not be done with, and why."""
    actor = actor_of(request)
    async with request.form(max_files=0) as form:
        chosen = [text for name, text in form.multi_items() if name == "id" and isinstance(text, str)]
        deed = form.get("deed", "")
    ids = list(dict.fromkeys(parse_id(text) for text in chosen))
    if not ids:
        raise InvalidInput(id=_("Select at least one conversation first."))
    if len(ids) > _BULK_MAX:
        raise InvalidInput(id=_("At most %(count)s at once.", count=_BULK_MAX))
    verb, _space, value = str(deed).partition(" ")
    fields = Fields({"to": value, "until": value, "priority": value, "label": value})
    zone = context_of(request).settings.timezone
    async with context_of(request).database.transaction() as connection:
        outcomes = await _do(connection, verb, ids, fields, actor, zone)
    tell(request, _told(outcomes))
    return see_other(f"/inbox?{folder_query(view_of(request, actor))}")


async def _do(
    connection: Connection, verb: str, ids: Sequence[UUID], fields: Fields, actor: Actor, zone: str
) -> list[Outcome]:
    me = actor.id
    match verb:
        case "close":
            return await handling.close_conversations(connection, ids, staff_id=me)
        case "assign":
            wanted = fields.values["to"]
            to = me if wanted == "me" else await colleague_of(connection, fields, wanted)
            return await handling.assign_conversations(connection, ids, to, staff_id=me)
        case "snooze":
            choice = fields.choice("until", SNOOZES)
            fields.done()
            until = snooze_end(choice, clock.now(), zone)
            return await handling.snooze_many(connection, ids, until, staff_id=me)
        case "wake":
            return await handling.wake_many(connection, ids, staff_id=me)
        case "priority":
            priority = fields.choice("priority", PRIORITIES)
            fields.done()
            return await handling.prioritise_many(connection, ids, priority, staff_id=me)
        case "put" | "take":
            label = fields.uuid("label")
            fields.done()
            put, take = ([label], []) if verb == "put" else ([], [label])
            return await handling.label_many(connection, ids, put=put, take=take, staff_id=me)
        case "spam" | "no-spam":
            return await handling.mark_spam_many(connection, ids, spam=verb == "spam", staff_id=me)
    raise InvalidInput(deed=_("Choose what to do with the selected."))


def _told(outcomes: Sequence[Outcome]) -> str:
    done = sum(isinstance(outcome, Conversation) for outcome in outcomes)
    told = ngettext("%(num)s conversation done.", "%(num)s conversations done.", done)
    refusals = [outcome for outcome in outcomes if isinstance(outcome, SafarError)]
    if not refusals:
        return told
    left = ngettext("%(num)s left as it was.", "%(num)s left as they were.", len(refusals))
    return " ".join([told, left, *dict.fromkeys(error_text(refusal) for refusal in refusals)])


async def labels_page(request: Request, wrong: Wrong = NOTHING) -> Response:
    """Show the shop's labels."""
    async with context_of(request).database.connection() as connection:
        labels = await handling.labels(connection)
    values = {
        **wrong.values(),
        "labels": labels,
        "actor": actor_of(request),
        "tones": [(code, _(name)) for code, name in TONES.items()],
    }
    return page(request, "inbox/labels.html", values, status=wrong.status)


@posted(labels_page)
async def post_label(request: Request, actor: Actor, fields: Fields) -> str:
    """Add a label."""
    name, tone = fields.text("name", length_max=40), fields.choice("tone", TONES)
    fields.done()
    async with context_of(request).database.transaction() as connection:
        if not await handling.add_label(connection, name, tone, staff_id=actor.id):
            raise InvalidInput(name=_("There is a label of this name."))
    return "/inbox/labels"


@posted(labels_page)
async def post_label_removal(request: Request, actor: Actor, _fields: Fields) -> str:
    """Take a label away."""
    async with context_of(request).database.transaction() as connection:
        await handling.drop_label(connection, parse_id(request.path_params["id"]), staff_id=actor.id)
    return "/inbox/labels"


routes: list[BaseRoute] = [
    StaffRoute("/inbox/bulk", post_bulk, role="agent", methods=["POST"]),
    StaffRoute("/inbox/labels", labels_page, role="agent"),
    StaffRoute("/inbox/labels", post_label, role="manager", methods=["POST"]),
    StaffRoute("/inbox/labels/{id}/removal", post_label_removal, role="manager", methods=["POST"]),
    StaffRoute("/inbox/{id}/handling", post_handling, role="agent", methods=["POST"]),
    StaffRoute("/inbox/{id}/snooze", post_snooze, role="agent", methods=["POST"]),
    StaffRoute("/inbox/{id}/waking", post_waking, role="agent", methods=["POST"]),
    StaffRoute("/inbox/{id}/spam", post_spam, role="agent", methods=["POST"]),
]
