"""The gate as the manager sees it: every site with its figures, and what one can do about it."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute

from safar.catalogue.codes import variant_of_code
from safar.gate.door.texts import estimate_text, left_text
from safar.gate.line.calling import admitted_by_minute, end_queue, reopen_queue, set_capacity
from safar.gate.line.decide import estimate
from safar.gate.site import form
from safar.gate.site.opening import set_opening
from safar.gate.site.settings import (
    note_invitation,
    set_adaptive,
    set_invited,
    set_message,
    set_mode,
    set_pace,
    set_work,
)
from safar.gate.site.sites import (
    NewSite,
    ensure_site,
    figures_of,
    open_site,
    product_key,
    remove_site,
    site_figures,
    sites,
)
from safar.gate.tickets.errors import UnknownSite
from safar.gate.tickets.invitations import invitation_url, new_invitation
from safar.gate.tickets.model import SHOP, Site, SiteFigures, SiteKind
from safar.kernel import clock
from safar.kernel.database import Connection
from safar.kernel.errors import InvalidInput
from safar.kernel.i18n import _
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor, actor_of
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, page, render
from safar.kernel.web.post import NOTHING, Endpoint, Wrong, posted
from safar.kernel.web.requests import see_other

Values = Mapping[str, Any]
# What a form of a site's page does: it raises InvalidInput, or has done it, and may return what to show.
SiteDeed = Callable[[Request, Connection, Site, Fields, Actor], Awaitable[Values | None]]


async def overview(request: Request, wrong: Wrong = NOTHING) -> Response:
    context = context_of(request)
    async with context.database.transaction() as connection:
        all_sites = await sites(connection)
        if not any(site.key == SHOP for site in all_sites):
            await ensure_site(connection, SHOP, context.settings.site_capacity)
            all_sites = await sites(connection)
        figures = await figures_of(connection, all_sites)
    values = {
        "sites": [_values(now_there) for now_there in figures],
        **_wrong(wrong),
        "which": wrong.form,
    }
    return page(request, "gate/sites.html", values, status=wrong.status)


def _wrong(wrong: Wrong) -> dict[str, Any]:
    typed = {name: value[: form.MESSAGE_MAX] for name, value in wrong.typed.items()}
    return {"problems": wrong.problems, "problem": wrong.problem, "entered": typed}


async def _site_figures(request: Request, connection: Connection) -> SiteFigures:
    key = request.path_params["key"]
    figures = await site_figures(connection, key) if key.isprintable() else None
    if figures is None and key == SHOP:
        await ensure_site(connection, SHOP, context_of(request).settings.site_capacity)
        figures = await site_figures(connection, key)
    if figures is None or figures.site.removed_at is not None:
        raise UnknownSite
    return figures


def _values(now_there: SiteFigures) -> dict[str, Any]:
    site = now_there.site
    last = estimate(
        place=max(site.waiting, 1), rate=site.admitted_per_s, observed_s=site.observed_s, show_up=site.show_up
    )
    opening = site.opens_at is not None and site.before_opening(clock.now())
    return {
        "site": site,
        "now_there": now_there,
        "name": site.title or _("The shop"),
        "opening": opening,
        "left_text": left_text(site.opens_at) if site.opens_at and opening else None,
        "state": "ended" if site.ended_at else "before" if opening else str(site.mode),
        "wait_text": estimate_text(last) if site.waiting else None,
    }


async def _figures(request: Request) -> dict[str, Any]:
    async with context_of(request).database.transaction() as connection:
        figures = await _site_figures(request, connection)
        minutes = await admitted_by_minute(connection, figures.site)
    most = max([1, *(minute.admitted for minute in minutes)])
    return {**_values(figures), "minutes": minutes, "most": most}


async def site_page(request: Request, wrong: Wrong = NOTHING, **shown: Any) -> Response:
    context = context_of(request)
    values = await _figures(request)
    site: Site = values["site"]
    zone = ZoneInfo(context.settings.timezone)
    local = site.opens_at.astimezone(zone).strftime("%Y-%m-%dT%H:%M") if site.opens_at else ""
    public = context.settings.public_url.rstrip("/")
    values |= {
        "opens_local": local,
        "zone": context.settings.timezone,
        "public_url": public,
        **_wrong(wrong),
        "invitation": None,
        **shown,
    }
    return page(request, "gate/site.html", values, status=wrong.status)


async def figures_part(request: Request) -> Response:
    """Return the live part of the page alone."""
    return HTMLResponse(render("gate/figures.html", {"request": request, **await _figures(request)}))


def _form(deed: SiteDeed) -> Endpoint:
    """Return the handler of a form of a site's page: it does what the form says and shows the page again."""

    @posted(site_page)
    async def post(request: Request, actor: Actor, fields: Fields) -> str | Response:
        async with context_of(request).database.transaction() as connection:
            site = (await _site_figures(request, connection)).site
            shown = await deed(request, connection, site, fields, actor)
        return await site_page(request, **shown) if shown else f"/gate/{site.key}"

    return post


async def _capacity(_request: Request, connection: Connection, site: Site, fields: Fields, by: Actor) -> None:
    wanted = form.capacity_of(fields, shop=site.kind == SiteKind.SHOP)
    if wanted.capacity != site.capacity:
        await set_capacity(connection, site.key, wanted.capacity, staff_id=by.id)
    if (wanted.adaptive, wanted.adaptive and (wanted.least, wanted.most)) != (
        site.adaptive,
        site.adaptive and (site.capacity_least, site.capacity_most),
    ):
        await set_adaptive(
            connection, site.key, wanted.adaptive, least=wanted.least, most=wanted.most, staff_id=by.id
        )
    if wanted.invited_percent != site.invited_percent:
        await set_invited(connection, site.key, wanted.invited_percent, staff_id=by.id)


async def _pace(_request: Request, connection: Connection, site: Site, fields: Fields, by: Actor) -> None:
    per_minute = form.pace_of(fields)
    if per_minute != site.pace_per_minute:
        await set_pace(connection, site.key, per_minute, staff_id=by.id)
    if (fields.values.get("work", "") == "yes") != site.work:
        await set_work(connection, site.key, not site.work, staff_id=by.id)


async def _opening(request: Request, connection: Connection, site: Site, fields: Fields, by: Actor) -> None:
    context = context_of(request)
    now = fields.values.get("now", "") == "yes"
    opens_at = clock.now() if now else form.opening_of(fields, context.settings.timezone)
    if opens_at < clock.now() and not now:
        fields.problems["opens_at"] = _("This time is over. To open at once, use the other button.")
        fields.done()
    work = site.work if now else fields.values.get("work", "") == "yes"
    await set_opening(connection, context.vault, site.key, opens_at, work=work, staff_id=by.id)


async def _message(_request: Request, connection: Connection, site: Site, fields: Fields, by: Actor) -> None:
    await set_message(connection, site.key, form.read_message(fields), staff_id=by.id)


async def _state(_request: Request, connection: Connection, site: Site, fields: Fields, by: Actor) -> None:
    state = fields.choice("state", set(form.STATES))
    fields.done()
    mode = form.STATES[state]
    if mode is None:
        await end_queue(connection, site.key, by.id)
        return
    await reopen_queue(connection, site.key, by.id)
    await set_mode(connection, site.key, mode, staff_id=by.id)


async def _invite(request: Request, connection: Connection, site: Site, fields: Fields, by: Actor) -> Values:
    context, hours = context_of(request), form.hours_of(fields)
    invitation = new_invitation(clock.now() + timedelta(hours=hours))
    await note_invitation(connection, site, invitation, staff_id=by.id)
    return {"invitation": invitation_url(context.vault, context.settings, site.key, invitation)}


@posted(overview, "external")
async def post_external(request: Request, actor: Actor, fields: Fields) -> str:
    """Open a waiting room before a site of others."""
    new = form.external_of(fields)
    async with context_of(request).database.transaction() as connection:
        await open_site(connection, new, staff_id=actor.id)
    return f"/gate/{new.key}"


@posted(overview, "product")
async def post_product(request: Request, actor: Actor, fields: Fields) -> str:
    """Open a waiting room before one product's page."""
    sku = fields.text("sku", length_max=64)
    capacity = fields.integer("capacity", least=1, most=form.CAPACITY_MAX)
    async with context_of(request).database.transaction() as connection:
        variant = await variant_of_code(connection, sku) if "sku" not in fields.problems else None
        if variant is None:
            fields.problems.setdefault("sku", _("There is no such SKU or barcode in the catalogue."))
        if variant is None or fields.problems:
            raise InvalidInput(**fields.problems)
        new = NewSite(
            key=product_key(variant.product_id),
            capacity=capacity,
            kind=SiteKind.PRODUCT,
            title=variant.title,
            path=f"/p/{variant.slug}",
            product_id=variant.product_id,
        )
        await open_site(connection, new, staff_id=actor.id)
    return f"/gate/{new.key}"


async def post_removal(request: Request) -> Response:
    """Take a room away."""
    actor = actor_of(request)
    async with context_of(request).database.transaction() as connection:
        site = (await _site_figures(request, connection)).site
        await remove_site(connection, site.key, staff_id=actor.id)
    return see_other("/gate")


routes: list[BaseRoute] = [
    StaffRoute("/gate", overview, role="manager"),
    StaffRoute("/gate/sites", post_external, role="manager", methods=["POST"]),
    StaffRoute("/gate/rooms", post_product, role="manager", methods=["POST"]),
    StaffRoute("/gate/{key}", site_page, role="manager"),
    StaffRoute("/gate/{key}/figures", figures_part, role="manager"),
    StaffRoute("/gate/{key}/capacity", _form(_capacity), role="manager", methods=["POST"]),
    StaffRoute("/gate/{key}/pace", _form(_pace), role="manager", methods=["POST"]),
    StaffRoute("/gate/{key}/opening", _form(_opening), role="manager", methods=["POST"]),
    StaffRoute("/gate/{key}/message", _form(_message), role="manager", methods=["POST"]),
    StaffRoute("/gate/{key}/state", _form(_state), role="manager", methods=["POST"]),
    StaffRoute("/gate/{key}/invitations", _form(_invite), role="manager", methods=["POST"]),
    StaffRoute("/gate/{key}/removal", post_removal, role="manager", methods=["POST"]),
]
