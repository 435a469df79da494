"""The journey in the console: the map of stages, and a campaign's promise against what came of it."""

from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from uuid import UUID

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute

from safar.journey.draw import bands
from safar.journey.model import CAUSE_TEXTS, STAGE_NAMES, STAGE_TEXTS, Map
from safar.journey.report import PromiseReport, as_table, promise_report, sentences
from safar.journey.stages import QUERIES, SPAN_ALL, stages
from safar.kernel.database import rows
from safar.kernel.errors import NotFound
from safar.kernel.i18n import _, duration
from safar.kernel.ids import parse_id
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.pages import context_of, page, render, wants_json


@dataclass(frozen=True, slots=True)
class CampaignChoice:
    """A campaign that the map can be drawn for."""

    id: UUID
    name: str
    started_at: datetime


def _campaign_id(request: Request) -> UUID | None:
    text = request.query_params.get("campaign", "")
    return parse_id(text) if text else None


async def journey(request: Request) -> Response:
    """Show the map: of one campaign, or of all customers of the last 30 days."""
    campaign_id = _campaign_id(request)
    context = context_of(request)
    report: PromiseReport | None = None
    async with context.database.connection() as connection:
        choices = await rows(CampaignChoice, connection, QUERIES["campaigns"])
        found = await stages(connection, campaign_id, time_lapse=context.settings.time_lapse)
        if campaign_id is not None:
            report = await promise_report(connection, campaign_id, journey=found)
    if wants_json(request):
        return JSONResponse(_figures(found))
    return page(
        request,
        "journey/journey.html",
        {
            "map": found,
            "bands": _bands(found),
            "campaign_id": campaign_id,
            "choices": choices,
            "days": SPAN_ALL.days,
            "windows": _windows(found),
            "currency": report.currency if report else context.settings.currency,
            **_words(),
            **(_report_values(report) if report else {"report": None}),
        },
    )


async def campaign_report(request: Request) -> Response:
    """Return a campaign's report as a part of a page."""
    campaign_id = _campaign_id(request)
    if campaign_id is None:
        raise NotFound
    context = context_of(request)
    async with context.database.connection() as connection:
        found = await promise_report(connection, campaign_id, time_lapse=context.settings.time_lapse)
    return HTMLResponse(render("journey/report.html", _report_values(found)))


def _report_values(found: PromiseReport) -> dict[str, object]:
    return {"report": found, "table": as_table(found), "sentences": sentences(found)}


def _words() -> dict[str, object]:
    return {
        "stage_names": {key: _(text) for key, text in STAGE_NAMES.items()},
        "stage_texts": {key: _(text) for key, text in STAGE_TEXTS.items()},
        "cause_texts": {key: _(text) for key, text in CAUSE_TEXTS.items()},
    }


def _windows(found: Map) -> str:
    """Return in words after how long a silence somebody counts as lost, by stage."""
    return " · ".join(
        f"{_(STAGE_NAMES[stage.name])} {duration(stage.window_s)}"
        for stage in found.stages
        if isfinite(stage.window_s)
    )


def _bands(found: Map) -> dict[str, object]:
    most = max(stage.arrivals for stage in found.stages)
    return {stage.name: bands(stage, most) for stage in found.stages}


def _figures(found: Map) -> dict[str, object]:
    return {
        "customers": found.customers,
        "bottleneck": found.bottleneck.name if found.bottleneck else None,
        "stages": [
            {
                "name": stage.name,
                "arrivals": stage.arrivals,
                "went_on": stage.went_on,
                "inside": stage.inside,
                "dropped": stage.dropped,
                "skipped": stage.skipped,
                "median_wait_s": stage.median_wait_s,
                "loss_minor": stage.loss_minor,
                "avoidable_minor": stage.avoidable_minor,
                "causes": dict(stage.causes),
            }
            for stage in found.stages
        ],
    }


routes: list[BaseRoute] = [
    StaffRoute("/journey", journey, role="agent"),
    StaffRoute("/journey/report", campaign_report, role="agent"),
]
