"""Campaigns in the console: the list, a new one, and one as it runs."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute

from safar.campaigns import actions, form, reading
from safar.campaigns.decide import BOUND_TEXTS
from safar.campaigns.model import END_TEXTS, SKIP_TEXTS
from safar.inbox.live import bursts
from safar.kernel.context import Context
from safar.kernel.database import Connection
from safar.kernel.errors import NotFound
from safar.kernel.i18n import LANGUAGES, _
from safar.kernel.ids import parse_id
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor, actor_of
from safar.kernel.web.forms import Fields, read_fields
from safar.kernel.web.pages import context_of, page, render
from safar.kernel.web.post import NOTHING, Wrong, posted
from safar.kernel.web.sse import ServerEvent, event_stream
from safar.owner.reading import shop_with

Verb = Callable[..., Awaitable[object]]
_VERBS: dict[str, Verb] = {
    "start": actions.start_campaign,
    "pause": actions.pause_campaign,
    "resume": actions.resume_campaign,
    "stop": actions.stop_campaign,
}


async def campaigns(request: Request) -> Response:
    """Show all campaigns, the newest first."""
    actor = actor_of(request)
    async with context_of(request).database.connection() as connection:
        found = await reading.newest_campaigns(connection)
        values = {
            "campaigns": found,
            "offers": await reading.offers_of(connection, [campaign.variant_id for campaign in found]),
            "sends": await reading.tallies_of_many(connection, [campaign.id for campaign in found]),
        }
    return page(request, "campaigns/campaigns.html", {**values, "may_write": actor.may("manager")})


async def new(request: Request, wrong: Wrong = NOTHING) -> Response:
    """Show the form of a new campaign."""
    fields = wrong.fields or Fields(form.empty_values())
    async with context_of(request).database.connection() as connection:
        values = {
            "choices": await form.offer_choices(connection, fields.values.get("q", "")),
            "countries": await form.countries(connection),
            "chosen": await _chosen(connection, fields),
        }
    shown = {
        "entered": fields.values,
        "problems": wrong.problems,
        "problem": wrong.problem,
        "names": LANGUAGES,
    }
    return page(request, "campaigns/new.html", {**values, **shown}, status=wrong.status)


@posted(new)
async def post_campaign(request: Request, actor: Actor, fields: Fields) -> str:
    """Write the campaign of the form; it is started from its own page."""
    draft = form.read_draft(fields)
    async with context_of(request).database.transaction() as connection:
        name = (await shop_with(connection)).name
        campaign_id = await actions.create_campaign(connection, draft, shop_name=name, staff_id=actor.id)
    return f"/campaigns/{campaign_id}"


async def _chosen(connection: Connection, fields: Fields) -> Any:
    text = fields.values.get("variant_id", "")
    try:
        variant_id = UUID(text)
    except ValueError:
        return None
    return (await reading.offers_of(connection, [variant_id])).get(variant_id)


async def products_part(request: Request) -> Response:
    """Return the part of the form that lists products for `?q=`."""
    async with context_of(request).database.connection() as connection:
        found = await form.offer_choices(connection, request.query_params.get("q", "")[:100])
    values = {"choices": found, "entered": {"variant_id": request.query_params.get("variant_id", "")}}
    return HTMLResponse(render("campaigns/choices.html", {**values, "chosen": None}))


async def preview_part(request: Request) -> Response:
    """Return the message as an example customer would get it, in each language written so far."""
    context = context_of(request)
    fields = await read_fields(request)
    async with context.database.connection() as connection:
        written, problems = await form.previews(connection, fields, (await shop_with(connection)).name)
    return HTMLResponse(render("campaigns/preview.html", {"written": written, "problems": problems}))


async def reach_part(request: Request) -> Response:
    """Return how many customers the form's audience has."""
    fields = await read_fields(request)
    audience = form.read_audience(fields)
    async with context_of(request).database.connection() as connection:
        found = await reading.audience_reach(connection, audience)
    return HTMLResponse(render("campaigns/reach.html", {"reach": found, "limit": audience.limit}))


async def campaign(request: Request, wrong: Wrong = NOTHING) -> Response:
    """Show one campaign; its figures stay live."""
    actor = actor_of(request)
    campaign_id = parse_id(request.path_params["id"])
    async with context_of(request).database.connection() as connection:
        values = await _figures(connection, campaign_id)
    values |= {
        "may_write": actor.may("manager"),
        "error": wrong.sentence,
        "live_url": f"/campaigns/{campaign_id}/stream",
        "names": LANGUAGES,
    }
    return page(request, "campaigns/campaign.html", values, status=wrong.status)


async def _figures(connection: Connection, campaign_id: UUID) -> dict[str, Any]:
    """Return what the live part of the page shows."""
    found = await reading.get_campaign(connection, campaign_id)
    tallies = await reading.tallies(connection, campaign_id)
    on_hand, held = await reading.units_left(connection, found)
    states = dict.fromkeys(("planned", "queued", "sent", "skipped", "failed"), 0)
    for tally in tallies:
        states[tally.state] += tally.count
    bound = BOUND_TEXTS.get(str(found.pace.get("bound")))
    offer = (await reading.offers_of(connection, [found.variant_id])).get(found.variant_id)
    return {
        "campaign": found,
        "offer": offer,
        "states": states,
        "reasons": [
            (_(SKIP_TEXTS[tally.reason]) if tally.reason in SKIP_TEXTS else tally.reason, tally)
            for tally in tallies
            if tally.reason
        ],
        "units": {"on_hand": on_hand, "held": held},
        "results": await reading.results(connection, campaign_id, offer.currency if offer else ""),
        "bound_text": _(bound) if bound else None,
        "end_text": _(END_TEXTS[found.reason]) if found.reason in END_TEXTS else found.reason,
    }


async def stream_figures(request: Request) -> Response:
    """Send the figures anew after each burst of the campaign's events."""
    campaign_id = parse_id(request.path_params["id"])
    async with context_of(request).database.connection() as connection:
        await reading.get_campaign(
            connection, campaign_id
        )  # one that is not there is said so before the stream begins
    return event_stream(_fresh(context_of(request), request.app.state.live, campaign_id))


async def _fresh(context: Context, live: Any, campaign_id: UUID) -> AsyncIterator[ServerEvent]:
    async for burst in bursts(
        live, context.database, [campaign_id], lambda event: event.campaign_id == campaign_id
    ):
        async with context.database.connection() as connection:
            values = await _figures(connection, campaign_id)
        yield ServerEvent(render("campaigns/figures.html", values), "figures", burst.newest or None)


@posted(campaign)
async def act(request: Request, actor: Actor, _fields: Fields) -> str:
    """Start, pause, resume or stop; what is refused is said on the campaign's page."""
    campaign_id = parse_id(request.path_params["id"])
    verb = _VERBS.get(request.path_params["verb"])
    if verb is None:
        raise NotFound
    async with context_of(request).database.transaction() as connection:
        await verb(connection, campaign_id, staff_id=actor.id)
    return f"/campaigns/{campaign_id}"


routes: list[BaseRoute] = [
    StaffRoute("/campaigns", campaigns, role="agent"),
    StaffRoute("/campaigns", post_campaign, role="manager", methods=["POST"]),
    StaffRoute("/campaigns/new", new, role="manager"),
    StaffRoute("/campaigns/products", products_part, role="manager"),
    StaffRoute("/campaigns/preview", preview_part, role="manager", methods=["POST"]),
    StaffRoute("/campaigns/reach", reach_part, role="manager", methods=["POST"]),
    StaffRoute("/campaigns/{id}", campaign, role="agent"),
    StaffRoute("/campaigns/{id}/stream", stream_figures, role="agent"),
    StaffRoute("/campaigns/{id}/{verb}", act, role="manager", methods=["POST"]),
]
