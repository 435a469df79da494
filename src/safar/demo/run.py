"""`safar demo`: load a real shop, send a campaign, let virtual customers live through it, report."""

import asyncio
import dataclasses
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from safar.campaigns.actions import start_campaign
from safar.campaigns.drafts import create_campaign
from safar.demo.agent import Agent
from safar.demo.load import Offered, campaign_draft, fit_the_site, load_shop, virtual_agent
from safar.demo.postbox import Postbox
from safar.demo.retail import shoppers
from safar.demo.settle import all_gone_on_or_lost, settle
from safar.demo.show import print_report
from safar.demo.tally import Tally, differences
from safar.demo.visitors import RehearsalStage, VirtualCustomer
from safar.journey.decide import WINDOWS_S
from safar.journey.report import PromiseReport, promise_report
from safar.kernel.context import Context, make_context
from safar.owner.reading import shop_with
from safar.serve import Supervisor, say_where, stop_signal
from safar.settings import Settings

OWNER = "owner@safar.example"
AGENT = "agent@safar.example"
_SEED = 7
_SENDING_SHARE = 0.5  # of the time, so that the last customers still have some
_GRACE_S = 20.0
_LONGER_S_MAX = 90.0
_MAIL_SERVER = "mailbox.demo"
_SMTP_TIMEOUT_S = 3.0  # the mailbox is near; mails of a worker that died come due again the sooner
_screen = Console(highlight=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Rehearsed:
    """What the customers saw, what the books say, and where the two disagree."""

    tally: Tally
    figures: dict[str, Any]
    differences: list[str]


class DemoFailed(RuntimeError):
    """The books and the customers disagree, or something was lost: the report says what."""


def demo_settings(settings: Settings, *, customers: int, seconds: float) -> Settings:
    """Return the settings of a rehearsal: a shop too small for everybody at once, short visits.

    Its customers do no proof of work for their places: hundreds of them would calculate on this one machine.
    """
    return settings.model_copy(
        update={
            "site_capacity": max(3, customers // 40),
            "visit_minutes": max(seconds / 3, 8) / 60,
            "mails_per_hour": max(36_000, round(customers / (seconds * _SENDING_SHARE) * 3600)),
            "gate_work_percent": 100,
            "smtp_url": f"smtp://{settings.mailbox_host}:{settings.mailbox_smtp_port}",
            "smtp_timeout_s": _SMTP_TIMEOUT_S,
            "mail_authserv_id": _MAIL_SERVER,
            # Three days of life go by in a third of the rehearsal, at any hour and as often as it is run.
            "time_lapse": WINDOWS_S["discover"] / max(seconds / 3, 10),
            "quiet_hours": "",
            "campaign_mails_max": 0,
        }
    )


async def run_demo(
    settings: Settings, *, customers: int, seconds: float, leave: bool, report: Path | None
) -> None:
    """Run the whole journey, print and write the report; then serve until Ctrl-C unless `leave`.

    Raises DemoFailed when the two books and the virtual customers disagree.
    """
    usual = settings.site_capacity
    settings = demo_settings(settings, customers=customers, seconds=seconds)
    supervisor = Supervisor(settings, extra_roles=("mailbox",))
    try:
        _screen.print("Starting PostgreSQL, shop, console, worker and mailbox …")
        await supervisor.start(OWNER)
        watching = asyncio.create_task(supervisor.watch())
        context = make_context(settings, supervisor.url)
        await context.database.open()
        if not leave:
            say_where(_screen, settings, OWNER, supervisor.owner_password, mailbox=True)
        try:
            rehearsed = await rehearse(context, customers=customers, seconds=seconds)
            if report is not None:
                _write(report, rehearsed.figures)
            await fit_the_site(context, usual)  # whoever looks around afterwards meets no queue
        finally:
            await context.database.close()
        if not leave:
            say_where(_screen, settings, OWNER, supervisor.owner_password, mailbox=True)
            await stop_signal().wait()
        watching.cancel()
        if rehearsed.differences:
            raise DemoFailed("\n".join(rehearsed.differences))
    finally:
        await supervisor.stop()


async def rehearse(context: Context, *, customers: int, seconds: float) -> Rehearsed:
    """Load, send, live through, settle and report, on a running Safar with `demo_settings`."""
    begun = time.monotonic()
    _screen.print("Loading the shop: a real week of a gift shop …")
    offered = await load_shop(context, customers)
    settings = context.settings
    postbox = Postbox(f"http://{settings.mailbox_host}:{settings.mailbox_http_port}")
    await postbox.skip_old()
    agent_password = await virtual_agent(context, AGENT)
    tally = Tally()
    draft = campaign_draft(offered, customers=customers, seconds=seconds)
    async with context.database.transaction() as connection:
        campaign_id = await create_campaign(connection, draft, shop_name=(await shop_with(connection)).name)
        await start_campaign(connection, campaign_id)
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=200)
    async with httpx.AsyncHTTPTransport(limits=limits) as transport:
        stage = RehearsalStage(settings, postbox, tally, transport, seconds, _SEED, offered.sku)
        agent = Agent(settings, transport, AGENT, agent_password, handle_s=max(seconds / 40, 0.5))
        await _live(stage, agent, customers, offered)
    _screen.print("Waiting until nothing is under way …")
    await settle(context, campaign_id)
    await all_gone_on_or_lost(context, campaign_id)
    await postbox.look()
    tally.letters |= postbox.reached
    figures = await _report(context, campaign_id, begun)
    found = differences(tally, figures) + list(figures.get("disagreements", []))
    figures["differences"] = found
    return Rehearsed(tally, figures, found)


def _write(file: Path, figures: dict[str, Any]) -> None:
    file.write_text(json.dumps(figures, indent=2, default=str) + "\n", encoding="utf-8")


async def _live(stage: RehearsalStage, agent: Agent, customers: int, offered: Offered) -> None:
    """Let everybody live for the length of the rehearsal, and those inside finish.

    A machine so busy that nobody has bought anything by then gets longer, within bounds.
    """
    people = [VirtualCustomer(stage, shopper) for shopper in shoppers(customers)]
    helpers = [asyncio.create_task(stage.postbox.run()), asyncio.create_task(agent.work())]
    lives = [asyncio.create_task(person.live()) for person in people]
    showing = asyncio.create_task(_show(stage.tally, agent, customers, offered.units))
    try:
        _done, late = await asyncio.wait(lives, timeout=stage.seconds)
        end = time.monotonic() + _LONGER_S_MAX
        while late and not stage.tally.orders and time.monotonic() < end:
            _done, late = await asyncio.wait(late, timeout=0.25)
        if late and (stage.tally.inside or stage.tally.waiting):
            await asyncio.wait(late, timeout=_GRACE_S)
        for life in lives:
            life.cancel()
        await asyncio.gather(*lives, return_exceptions=True)
        await asyncio.sleep(0.5)
    finally:
        for task in (*helpers, showing):
            task.cancel()
        results = await asyncio.gather(*helpers, showing, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            stage.tally.errors.append(f"{type(result).__name__}: {result}")


async def _show(tally: Tally, agent: Agent, customers: int, units: int) -> None:
    """Show how it goes, four times a second."""
    columns = (TextColumn("{task.description:<26}"), BarColumn(30), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=_screen) as progress:
        rows: dict[str, tuple[int, Callable[[], int]]] = {
            "Letters read": (customers, lambda: len(tally.letters)),
            "Came to the shop": (customers, lambda: len(tally.arrived)),
            "Inside now": (customers, lambda: tally.inside),
            "Waiting at the gate": (customers, lambda: tally.waiting),
            "Questions asked": (customers, lambda: len(tally.questions)),
            "Answered by staff": (customers, lambda: agent.replies),
            "Orders (units offered)": (units, lambda: len(tally.orders)),
        }
        bars = {name: progress.add_task(name, total=total) for name, (total, _count) in rows.items()}
        while True:
            for name, (_total, count) in rows.items():
                progress.update(bars[name], completed=count())
            await asyncio.sleep(0.25)


async def _report(context: Context, campaign_id: UUID, begun: float) -> dict[str, Any]:
    async with context.database.connection() as connection:
        report: PromiseReport = await promise_report(
            connection, campaign_id, time_lapse=context.settings.time_lapse
        )
    figures = dataclasses.asdict(report)
    figures["seconds"] = round(time.monotonic() - begun, 1)
    print_report(_screen, report)
    return figures
