"""The addresses that providers post to: proof first, then everything they say, kept before they are
answered."""

from collections.abc import Sequence
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute

from safar.channels.accounts import account_at
from safar.channels.kinds.kind import ChannelKind
from safar.channels.kinds.port import ChannelAccount, Happened, NotAuthentic, Post, Unreadable
from safar.channels.registry import KINDS
from safar.channels.traffic import Traffic
from safar.inbox.errors import NotProven
from safar.inbox.take_in import ReadPost, take_in_many
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import CONNECTION_LOST
from safar.kernel.errors import BodyTooLarge, Interrupted, NotFound, Overloaded
from safar.kernel.log import error_kind, log
from safar.kernel.web.access import PublicRoute
from safar.kernel.web.pages import context_of

# What comes here is believed for its provider's proof, wherever it comes from: no browser sends it.
SIGNED_PATHS = ("/channels/",)


async def shake_hands(request: Request) -> Response:
    """Answer a provider that asks whether this address is ours."""
    account, kind = await _account(request)
    said = kind.reader.handshake(account, dict(request.query_params))
    if said is None:
        raise NotProven
    return PlainTextResponse(said)


async def take_post(request: Request) -> Response:
    """Take in what a provider posts; answered when it is committed.

    An account that is switched off, or whose token is dead, still takes in what comes.
    """
    account, kind = await _account(request)
    body = await request.body()
    if len(body) > kind.body_bytes_max:
        raise BodyTooLarge(bytes_max=kind.body_bytes_max)
    traffic = _traffic(request)
    post = Post(
        body=body,
        headers=dict(request.headers),
        query=dict(request.query_params),
        url=_outside_url(account, request),
    )
    try:
        kind.reader.check(account, post)
    except NotAuthentic:
        traffic.add(account.id, "refused")
        raise NotProven from None
    received = await _take_in(context_of(request), read_post(account, kind, post))
    traffic.add(account.id, "posts")
    traffic.add(account.id, "received", received)
    answer = kind.answer
    return Response(answer.body, answer.status, media_type=answer.content_type)


def read_post(account: ChannelAccount, kind: ChannelKind, post: Post) -> ReadPost:
    """Return all that a post says; one that cannot be read says nothing but why."""
    happened: Sequence[Happened] = ()
    error: str | None = None
    try:
        happened = kind.reader.read(account, post, clock.now())
    except Unreadable as unreadable:
        error = str(unreadable)[:500] or "it is not what the provider documents"
    except Exception as unexpected:  # a fault of ours: it is kept, and read again when that is mended
        log.error("channels.not_read", channel_id=str(account.id), error=error_kind(unexpected))
        error = f"not read: {type(unexpected).__name__}"
    language = account.details.get("language") or "en"
    return ReadPost(account=account, post=post, happened=happened, error=error, language=language)


async def _take_in(context: Context, read: ReadPost) -> int:
    """Commit one post, together with those that arrive at the same time; return how many messages were new.

    One that cannot be taken in is kept as it came, with the reason. Raises only when nothing could be kept
    (no database): the provider then posts it again.
    """
    try:
        return await context.batched(take_in_many, read, lanes=2)
    except (Overloaded, Interrupted, *CONNECTION_LOST):
        raise
    except Exception as error:
        log.error("channels.kept_raw", channel_id=str(read.account.id), error=error_kind(error))
        kept = replace(read, happened=(), error=f"not taken in: {type(error).__name__}")
        return await context.batched(take_in_many, kept, lanes=2)


async def _account(request: Request) -> tuple[ChannelAccount, ChannelKind]:
    account = await account_at(context_of(request), request.path_params["key"])
    if account is None:
        raise NotFound
    return account, KINDS[account.kind]


def _outside_url(account: ChannelAccount, request: Request) -> str:
    """Return the address as the provider wrote it, whatever proxies have made of it."""
    query = request.url.query
    return f"{account.webhook_url}?{query}" if query else account.webhook_url


def _traffic(request: Request) -> Traffic:
    state = request.app.state
    if not hasattr(state, "channel_traffic"):
        state.channel_traffic = Traffic(context_of(request))
    traffic: Traffic = state.channel_traffic
    return traffic


_WHY = "the provider of the account, whose proof is checked on what it posts"
routes: list[BaseRoute] = [
    PublicRoute("/channels/{key}", shake_hands, why=_WHY, methods=["GET"]),
    PublicRoute("/channels/{key}", take_post, why=_WHY, methods=["POST"]),
]
