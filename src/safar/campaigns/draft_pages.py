"""Campaigns in the console before they start: a new one, a copy, a draft that is changed or deleted."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute

from safar.campaigns import drafts, form, reading
from safar.campaigns.expecting import outlook_of
from safar.campaigns.forecast import RUNS_OUT_TEXTS
from safar.campaigns.model import Audience
from safar.kernel.database import Connection
from safar.kernel.i18n import LANGUAGES, _
from safar.kernel.ids import new_id, parse_id
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor
from safar.kernel.web.forms import UNITS_MAX, Fields, read_fields
from safar.kernel.web.pages import context_of, page, render
from safar.kernel.web.post import NOTHING, Wrong, posted
from safar.kernel.web.requests import see_other
from safar.owner.reading import shop_with


async def new(request: Request, wrong: Wrong = NOTHING) -> Response:
    """Show the form of a new campaign; with `?from=` it is filled with another one's words and figures."""
    copied = request.query_params.get("from", "")
    if wrong.fields or not copied:
        return await _form(request, wrong, wrong.fields or Fields(form.empty_values()))
    async with context_of(request).database.connection() as connection:
        campaign = await reading.get_campaign(connection, parse_id(copied))
    name = _("Copy of %(name)s", name=campaign.name)[:120]
    return await _form(
        request, wrong, Fields(form.values_of(campaign) | {"campaign_id": str(new_id()), "name": name})
    )


async def edit(request: Request, wrong: Wrong = NOTHING) -> Response:
    """Show a draft in its form; a campaign that has started has only its page."""
    campaign_id = parse_id(request.path_params["id"])
    async with context_of(request).database.connection() as connection:
        campaign = await reading.get_campaign(connection, campaign_id)
    if campaign.state != "draft" and not wrong.refused:
        return see_other(f"/campaigns/{campaign_id}")
    return await _form(request, wrong, wrong.fields or Fields(form.values_of(campaign)), campaign_id)


async def _form(request: Request, wrong: Wrong, fields: Fields, campaign_id: UUID | None = None) -> Response:
    context = context_of(request)
    async with context.database.connection() as connection:
        values = {
            "choices": await form.offer_choices(connection, fields.values.get("q", "")),
            "countries": await form.countries(connection),
            "chosen": await _chosen(connection, fields),
        }
    main = context.settings.language
    shown = {
        "draft_id": campaign_id,
        "draft_key": f"campaign:{campaign_id or request.query_params.get('from', '')[-12:]}",
        "entered": fields.values,
        "problems": wrong.problems,
        "problem": wrong.problem,
        "main": main,
        "names": {main: LANGUAGES[main], **LANGUAGES},
    }
    return page(request, "campaigns/new.html", {**values, **shown}, status=wrong.status)


async def _chosen(connection: Connection, fields: Fields) -> Any:
    text = fields.values.get("variant_id", "")
    try:
        variant_id = UUID(text)
    except ValueError:
        return None
    return (await reading.offers_of(connection, [variant_id])).get(variant_id)


@posted(new)
async def post_campaign(request: Request, actor: Actor, fields: Fields) -> str:
    """Write the campaign of the form; it is started from its own page."""
    language = context_of(request).settings.language
    draft = form.read_draft(fields, language)
    async with context_of(request).database.transaction() as connection:
        name = (await shop_with(connection)).name
        campaign_id = await drafts.create_campaign(
            connection, draft, shop_name=name, language=language, staff_id=actor.id
        )
    return f"/campaigns/{campaign_id}"


@posted(edit)
async def post_edit(request: Request, actor: Actor, fields: Fields) -> str:
    """Save a draft anew."""
    language = context_of(request).settings.language
    draft = form.read_draft(fields, language, parse_id(request.path_params["id"]))
    async with context_of(request).database.transaction() as connection:
        name = (await shop_with(connection)).name
        campaign_id = await drafts.change_campaign(
            connection, draft, shop_name=name, language=language, staff_id=actor.id
        )
    return f"/campaigns/{campaign_id}"


@posted(edit)
async def post_deletion(request: Request, actor: Actor, _fields: Fields) -> str:
    """Delete a draft."""
    async with context_of(request).database.transaction() as connection:
        await drafts.delete_campaign(connection, parse_id(request.path_params["id"]), staff_id=actor.id)
    return "/campaigns"


async def products_part(request: Request) -> Response:
    """Return the part of the form that lists products for `?q=`, after the one that is chosen."""
    async with context_of(request).database.connection() as connection:
        found = await form.offer_choices(connection, request.query_params.get("q", "")[:100])
        entered = {"variant_id": request.query_params.get("variant_id", "")}
        values = {"choices": found, "entered": entered, "chosen": await _chosen(connection, Fields(entered))}
    return HTMLResponse(render("campaigns/choices.html", values))


async def preview_part(request: Request) -> Response:
    """Return the message as an example customer would get it, in each language written so far."""
    context = context_of(request)
    fields = await read_fields(request)
    async with context.database.connection() as connection:
        name = (await shop_with(connection)).name
        written, problems = await form.previews(connection, fields, name, context.settings.language)
    return HTMLResponse(render("campaigns/preview.html", {"written": written, "problems": problems}))


async def reach_part(request: Request) -> Response:
    """Return how many customers the form's audience has, and what is expected of the campaign."""
    fields = await read_fields(request)
    audience = form.read_audience(fields)
    async with context_of(request).database.connection() as connection:
        found = await reading.audience_reach(connection, audience)
        values: dict[str, Any] = {"reach": found, "limit": audience.limit, "people": _people(audience)}
        offer, units = await _chosen(connection, fields), fields.integer("units", least=1, most=UNITS_MAX)
        if offer is not None and "units" not in fields.problems:
            expected = await outlook_of(connection, context_of(request), offer, units, audience)
            runs_out = _(RUNS_OUT_TEXTS[expected.runs_out])
            values |= {"forecast": expected, "offer": offer, "runs_out": runs_out}
    return HTMLResponse(render("campaigns/reach.html", values))


def _people(audience: Audience) -> str:
    """Return how the list of customers is asked for those of an audience who are subscribed."""
    asked = {"consent": "given", "language": audience.language, "country": audience.country}
    return urlencode({name: text for name, text in asked.items() if text})


routes: list[BaseRoute] = [
    StaffRoute("/campaigns", post_campaign, role="manager", methods=["POST"]),
    StaffRoute("/campaigns/new", new, role="manager"),
    StaffRoute("/campaigns/products", products_part, role="manager"),
    StaffRoute("/campaigns/preview", preview_part, role="manager", methods=["POST"]),
    StaffRoute("/campaigns/reach", reach_part, role="manager", methods=["POST"]),
    StaffRoute("/campaigns/{id}/edit", edit, role="manager"),
    StaffRoute("/campaigns/{id}/edit", post_edit, role="manager", methods=["POST"]),
    StaffRoute("/campaigns/{id}/delete", post_deletion, role="manager", methods=["POST"]),
]
