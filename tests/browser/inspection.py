"""Every main page looked at once, in two languages: what axe finds, how wide, how heavy, what went wrong."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, expect

from tests.stage.browser import Person, person, sign_in, visitor
from tests.stage.browser_world import LANGUAGES, NAMES, ROOMY, World, email_of
from tests.stage.thorough import THOROUGH

_AXE = (Path(__file__).parent.parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
_DESKTOP = {"width": 1280, "height": 800}
_PHONE = {"width": 390, "height": 844}
_SERIOUS = ("serious", "critical")
_RUN_AXE = """async (options) => {
  const {violations} = await axe.run(document, {resultTypes: ["violations"], ...options});
  const where = (nodes) => nodes.slice(0, 3).map((node) => `${node.html} ${node.failureSummary}`);
  return violations.map(({id, impact, nodes}) => ({id, impact, where: where(nodes)}));
}"""
# Colours are the same in every language, and dark differs from light in nothing else; they take axe longest.
_EVERYTHING: dict[str, Any] = {}
_COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
_ALL_BUT_COLOURS = {"rules": {"color-contrast": {"enabled": False}}}
_WIDTH = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# Sizes as sent; what was cached from the page before has its size too.
_WEIGHT = """() => performance.getEntriesByType("navigation").concat(
    performance.getEntriesByType("resource").filter((part) => /[.](css|js)$/.test(part.name)))
  .reduce((sum, part) => sum + part.encodedBodySize, 0)"""


@dataclass(slots=True)
class Seen:
    """One page in one language."""

    findings: list[str] = field(default_factory=list)
    too_wide_px: int = 0
    weight_bytes: int = 0


@dataclass(slots=True)
class Inspection:
    """What was seen, by "surface page language"; complaints of all browsers together."""

    pages: dict[str, Seen] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)

    async def look(self, name: str, page: Page) -> None:
        """Look at the page as it stands: in light and dark, on a desk and on a phone."""
        seen = self.pages[name] = Seen()
        await page.evaluate(_AXE)
        await page.emulate_media(color_scheme="light", reduced_motion="reduce")
        with_colours = name.endswith(" en") or THOROUGH
        seen.findings += await _serious(page, "light", _EVERYTHING if with_colours else _ALL_BUT_COLOURS)
        if with_colours:
            await page.emulate_media(color_scheme="dark", reduced_motion="reduce")
            seen.findings += await _serious(page, "dark", _EVERYTHING if THOROUGH else _COLOURS)
            await page.emulate_media(color_scheme="light", reduced_motion="reduce")
        seen.weight_bytes = await page.evaluate(_WEIGHT)
        await page.set_viewport_size(_PHONE)  # type: ignore[arg-type]
        seen.too_wide_px = await page.evaluate(_WIDTH)
        await page.set_viewport_size(_DESKTOP)  # type: ignore[arg-type]

    def noted(self, who: Person, where: str) -> None:
        self.complaints += [f"{where}: {complaint}" for complaint in who.complaints]


async def _serious(page: Page, theme: str, options: dict[str, Any]) -> list[str]:
    found: list[Mapping[str, Any]] = await page.evaluate(_RUN_AXE, options)
    return [f"{theme} {one['id']}: {one['where']}" for one in found if one["impact"] in _SERIOUS]


async def inspect(world: World, browser: Browser) -> Inspection:
    """Visit the main pages as customers and staff of both languages, side by side."""
    inspection = Inspection()
    await world.give_room(ROOMY)
    async with asyncio.TaskGroup() as group:
        for language in LANGUAGES:
            question: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            group.create_task(_shop(world, browser, inspection, language, question))
            group.create_task(_console(world, browser, inspection, language, question))
    async with visitor(browser, world, "en") as inside:
        await inside.page(world.front)
        await world.give_room(1)
        all_seen = asyncio.Barrier(len(LANGUAGES))
        async with asyncio.TaskGroup() as group:
            for language in LANGUAGES:
                group.create_task(_waiting_room(world, browser, inspection, language, all_seen))
    return inspection


async def _shop(
    world: World, browser: Browser, inspection: Inspection, language: str, question: "asyncio.Future[str]"
) -> None:
    async with visitor(browser, world, language, viewport=_DESKTOP) as customer:
        says = customer.says
        _letter, link = await world.campaign_mail(email_of(language, "inspected"))
        page = await customer.page(link)
        await page.get_by_role("button", name=says("Ask us")).click()
        await page.get_by_label(says("Your message")).fill("?!")
        await page.get_by_role("button", name=says("Send"), exact=True).click()
        await expect(page.locator(".bubble-bot")).to_have_count(1)
        question.set_result(NAMES["inspected", language])
        await inspection.look(f"shop chat {language}", page)
        await page.get_by_role("button", name=says("Close the chat")).click()
        await inspection.look(f"shop product {language}", page)
        await page.locator("#buy button[type=submit]").click()
        await expect(page.locator("#added")).to_contain_text(says("Added to your cart"))
        await inspection.look(f"shop added {language}", page)
        await page.get_by_role("link", name=says("View cart")).click()
        await expect(page).to_have_url(re.compile(r"/cart$"))
        await inspection.look(f"shop cart {language}", page)
        await page.goto(f"{world.front}/")
        await inspection.look(f"shop home {language}", page)
        more = {"search": "/search?q=mgu", "category": f"/c/{world.hot.category}", "contact": "/info/contact"}
        for name, path in more.items():
            await page.goto(f"{world.front}{path}")
            await inspection.look(f"shop {name} {language}", page)
        await page.goto(f"{world.front}/checkout")
        await inspection.look(f"shop checkout {language}", page)
        await page.locator("[name=name]").fill(NAMES["inspected", language])
        await page.locator("#f-email").fill(email_of(language, "inspected"))
        customer.refusals.append(("/checkout", 422))
        await page.get_by_role("button", name=says("Place order and pay")).click()
        await expect(page.locator("#f-address-error")).not_to_be_empty()
        await inspection.look(f"shop checkout-refused {language}", page)
        await page.locator("[name=address]").fill("12 Mill Lane")
        await page.locator("[name=postcode]").fill("YO1 7HH")
        await page.locator("[name=city]").fill("York")
        await page.get_by_role("button", name=says("Place order and pay")).click()
        await expect(page).to_have_url(re.compile(r"/orders/"))
        await inspection.look(f"shop order {language}", page)
        inspection.noted(customer, f"shop {language}")


async def _waiting_room(
    world: World, browser: Browser, inspection: Inspection, language: str, all_seen: asyncio.Barrier
) -> None:
    async with visitor(browser, world, language, viewport=_DESKTOP) as customer:
        await _calculation(world, customer, inspection)
        page = await customer.page(f"{world.front}/cart")
        await expect(page.locator("[data-wait=place]")).not_to_be_empty()
        await inspection.look(f"shop waiting-room {language}", page)
        await all_seen.wait()
        await world.give_room(ROOMY)
        await expect(page).to_have_url(
            re.compile(r"/cart$")
        )  # nobody called stays away: the gate learns from it
        inspection.noted(customer, f"waiting room {language}")


async def _calculation(world: World, customer: Person, inspection: Inspection) -> None:
    """The page that asks for a small calculation, where the browser cannot do it."""
    page = await customer.page()
    await page.route("**/front/work.js", lambda route: route.abort())
    await page.goto(f"{world.front}/cart")
    await expect(page.locator("#work-lost")).to_be_visible()
    await inspection.look(f"shop calculation {customer.language}", page)
    await page.close()


async def _console(
    world: World, browser: Browser, inspection: Inspection, language: str, question: "asyncio.Future[str]"
) -> None:
    async with person(browser, language, viewport=_DESKTOP) as staff:
        page = await staff.page(world.console)
        await inspection.look(f"console sign-in {language}", page)
        address, password = await world.invited("Ina Inspector")
        await sign_in(staff, page, address, password)
        await expect(page).to_have_url(f"{world.console}/")
        await inspection.look(f"console today {language}", page)
        campaign = world.campaign_id
        paths = {
            "stock": "/stock",
            "orders": "/orders",
            "gate": "/gate",
            "journey": f"/journey?campaign={campaign}",
            "campaign": f"/campaigns/{campaign}",
        }
        for name, path in paths.items():
            await page.goto(f"{world.console}{path}")
            await inspection.look(f"console {name} {language}", page)
        name = await question
        await page.goto(f"{world.console}/inbox")
        await inspection.look(f"console inbox {language}", page)
        await page.locator(".thread", has_text=name).first.get_by_role("link").click()
        await expect(page.locator("#messages")).to_be_visible()
        await inspection.look(f"console conversation {language}", page)
        inspection.noted(staff, f"console {language}")
