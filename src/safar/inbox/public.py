"""The web chat: a message in, the history, the live stream; and a page that works without scripts."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from safar.channels.model import WEB
from safar.customers.visitor import Visitor, somebody, visitor_of
from safar.inbox.live import chat_events, missed_chat, shown_to_visitor, web_messages
from safar.inbox.model import Inbound, MessageReceipt
from safar.inbox.pace import MessageCounter
from safar.inbox.receive import receive_messages_many
from safar.journal.live import LiveFeed
from safar.kernel.errors import InvalidInput, SameKeyOtherBody
from safar.kernel.i18n import _, current_language
from safar.kernel.ids import derived_id, new_id
from safar.kernel.web.access import PublicRoute
from safar.kernel.web.forms import read_fields
from safar.kernel.web.networks import routed_network
from safar.kernel.web.pages import context_of, page, wants_json
from safar.kernel.web.requests import client_address, local_path, see_other
from safar.kernel.web.sse import Streams, briefly, event_stream, last_event_id
from safar.owner.reading import known_shop

TEXT_MAX = 2000
STREAMS_OF_VISITOR = 3
_AGAIN_S = 15


def _check_pace(request: Request, visitor: Visitor) -> None:
    """Raises TooManyAttempts for a visitor, or a network, that writes faster than people do."""
    state = request.app.state
    if not hasattr(state, "chat_pace"):
        state.chat_pace = MessageCounter(context_of(request).settings.chat_messages_per_minute)
    pace: MessageCounter = state.chat_pace
    pace.check(visitor.visitor_id, routed_network(client_address(request)))


async def post_message(request: Request) -> Response:
    """Take one message; the same id with the same words is the same message, however often it comes."""
    fields = await read_fields(request)
    try:
        id_, text = (
            fields.uuid("id", wrong=_("Reload the page and send your message again.")),
            fields.text("text", length_max=TEXT_MAX).replace("\r\n", "\n"),
        )
        fields.done()
    except InvalidInput as error:
        if wants_json(request):
            raise
        return await _chat_page(request, error=error, text=fields.values.get("text", "")[:TEXT_MAX])
    visitor = somebody(request)
    _check_pace(request, visitor)
    receipt = await _receive(request, visitor, id_, text)
    if not wants_json(request):
        return see_other(local_path(fields.values.get("next"), "/chat"))
    return JSONResponse({"id": str(id_), "at": receipt.at.isoformat()}, 201)


async def _receive(request: Request, visitor: Visitor, id_: UUID, text: str) -> MessageReceipt:
    message = Inbound(
        message_id=derived_id("message", WEB, visitor.visitor_id, id_),
        channel_id=WEB,
        external_id=f"{visitor.visitor_id}:{id_}",
        customer_id=visitor.customer_id,
        address=str(visitor.visitor_id),
        text=text,
        language=current_language(),
        campaign_id=visitor.campaign_id,
    )
    receipt = await context_of(request).batched(receive_messages_many, message)
    if not receipt.same_text:
        raise SameKeyOtherBody
    return receipt


async def history(request: Request) -> Response:
    """Return what this browser wrote and was told, oldest first."""
    context = context_of(request)
    async with context.database.connection() as connection:
        found = await web_messages(connection, visitor_of(request))
    shop_name = known_shop(context).name
    return JSONResponse({"messages": [shown_to_visitor(message, shop_name) for message in found]})


async def stream_messages(request: Request) -> Response:
    """Stream this browser's messages; a returning one gets what it missed.

    Who has as many streams open as one visitor or network may is told what is new and asked to come again.
    """
    context, visitor, after = context_of(request), somebody(request), last_event_id(request)
    ended = _streams(request).open(visitor.visitor_id, routed_network(client_address(request)))
    shop_name = known_shop(context).name
    if ended is None:
        return briefly(missed_chat(context.database, visitor, after, shop_name=shop_name), _AGAIN_S)
    live: LiveFeed = request.app.state.live
    return event_stream(chat_events(live, context.database, visitor, after, shop_name=shop_name), ended)


def _streams(request: Request) -> Streams:
    """Return this process's count of open chats."""
    state = request.app.state
    if not hasattr(state, "chat_streams"):
        settings = context_of(request).settings
        state.chat_streams = Streams(
            settings.streams_max, of_visitor=STREAMS_OF_VISITOR, of_network=settings.streams_network_max
        )
    streams: Streams = state.chat_streams
    return streams


async def chat_page(request: Request) -> Response:
    """Show the chat as a page of its own, for browsers without scripts."""
    return await _chat_page(request)


async def _chat_page(request: Request, *, error: InvalidInput | None = None, text: str = "") -> Response:
    context = context_of(request)
    async with context.database.connection() as connection:
        found = await web_messages(connection, visitor_of(request))
    values = {
        "messages": [shown_to_visitor(message, known_shop(context).name) for message in found],
        "new_id": new_id(),
        "text": text,
        "text_max": TEXT_MAX,
        "problems": error.problems if error else {},
    }
    return page(request, "inbox/chat.html", values, status=error.status if error else 200)


routes: list[BaseRoute] = [
    PublicRoute("/chat", chat_page, why="anybody may ask; shows the thread of the signed cookie"),
    PublicRoute("/chat/messages", post_message, why="anybody may ask", methods=["POST"]),
    PublicRoute("/chat/history", history, why="the thread of the signed cookie"),
    PublicRoute("/chat/stream", stream_messages, why="the thread of the signed cookie"),
]
