"""Campaigns in the console: the list, and one as it runs."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.campaigns import actions, draft_pages, reading, trial
from safar.campaigns.decide import BOUND_TEXTS
from safar.campaigns.errors import StartNotAhead
from safar.campaigns.expecting import outlook_of
from safar.campaigns.forecast import RUNS_OUT_TEXTS
from safar.campaigns.model import END_TEXTS, SKIP_TEXTS, Audience, Campaign
from safar.inbox.live import bursts
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Connection
from safar.kernel.errors import NotFound
from safar.kernel.i18n import LANGUAGES, _
from safar.kernel.ids import parse_id
from safar.kernel.text import ascii_digits
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor, actor_of
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, page, render
from safar.kernel.web.post import NOTHING, Wrong, posted
from safar.kernel.web.sse import ServerEvent, event_stream

_AHEAD_MAX = timedelta(days=366)
Verb = Callable[..., Awaitable[object]]
_VERBS: dict[str, Verb] = {
    "start": actions.start_campaign,
    "pause": actions.pause_campaign,
    "resume": actions.resume_campaign,
    "stop": actions.stop_campaign,
    "unschedule": actions.unschedule_campaign,
    "rest": actions.send_rest,
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
            "results": await reading.results_of_many(connection, [campaign.id for campaign in found]),
        }
    return page(request, "campaigns/campaigns.html", {**values, "may_write": actor.may("manager")})


async def campaign(request: Request, wrong: Wrong = NOTHING) -> Response:
    """Show one campaign; its figures stay live."""
    actor = actor_of(request)
    campaign_id = parse_id(request.path_params["id"])
    context = context_of(request)
    async with context.database.connection() as connection:
        values = await _figures(connection, campaign_id)
        found = values["campaign"]
        values |= {"written": await trial.shown(connection, context, found)}
        if found.state == "draft":
            values |= {"reach": await reading.audience_reach(connection, Audience(**found.audience))}
        if found.state in ("draft", "scheduled") and (offer := values["offer"]):
            audience, units = Audience(**found.audience), found.units_offered
            expected = await outlook_of(connection, context, offer, units, audience)
            values |= {"forecast": expected, "runs_out": _(RUNS_OUT_TEXTS[expected.runs_out])}
    values |= {
        "zone": context.settings.timezone,
        "tested": request.query_params.get("tested") == "1",
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
        "results": await reading.results(connection, campaign_id),
        "units_in_the_end": _in_the_end(found, on_hand, states["planned"]),
        "bound_text": _(bound) if bound else None,
        "end_text": _(END_TEXTS[found.reason]) if found.reason in END_TEXTS else found.reason,
    }


def _in_the_end(campaign: Campaign, on_hand: int, planned: int) -> int | None:
    """Return how many units will be sold when all have answered, at the most; None while nothing is known."""
    per_send, pending = campaign.pace.get("per_send"), campaign.pace.get("pending_units")
    if campaign.closed_at or per_send is None or pending is None:
        return None
    sold = campaign.units_offered - on_hand
    return min(campaign.units_offered, round(float(sold + pending + planned * per_send)))


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


@posted(campaign)
async def post_schedule(request: Request, actor: Actor, fields: Fields) -> str:
    """Have a draft started at a time of the shop's clock."""
    context, campaign_id = context_of(request), parse_id(request.path_params["id"])
    at = _moment(fields, "at", context.settings.timezone)
    if at is None:
        raise StartNotAhead
    async with context.database.transaction() as connection:
        await actions.schedule_campaign(connection, campaign_id, at, staff_id=actor.id)
    return f"/campaigns/{campaign_id}"


def _moment(fields: Fields, name: str, zone: str) -> datetime | None:
    """Return the moment of a date and time field, by the shop's clock; None unless it is within a year."""
    try:
        local = datetime.fromisoformat(ascii_digits(fields.text(name, length_max=20)))
    except ValueError:
        return None
    if local.tzinfo is not None:
        return None
    at, now = local.replace(tzinfo=ZoneInfo(zone)), clock.now()
    return at if now < at <= now + _AHEAD_MAX else None


@posted(campaign)
async def post_test(request: Request, actor: Actor, _fields: Fields) -> str:
    """Mail the message to whoever asks for it."""
    context, campaign_id = context_of(request), parse_id(request.path_params["id"])
    async with context.database.transaction() as connection:
        found = await reading.get_campaign(connection, campaign_id)
        await trial.send_test(connection, context, found, actor)
    return f"/campaigns/{campaign_id}?tested=1"


routes: list[BaseRoute] = [
    StaffRoute("/campaigns", campaigns, role="agent"),
    *draft_pages.routes,
    StaffRoute("/campaigns/{id}", campaign, role="agent"),
    StaffRoute("/campaigns/{id}/stream", stream_figures, role="agent"),
    StaffRoute("/campaigns/{id}/schedule", post_schedule, role="manager", methods=["POST"]),
    StaffRoute("/campaigns/{id}/test", post_test, role="manager", methods=["POST"]),
    StaffRoute("/campaigns/{id}/{verb}", act, role="manager", methods=["POST"]),
]
