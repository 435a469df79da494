"""What every main page promises, in the shop and in the console, in English and in Persian."""

import pytest_asyncio
from playwright.async_api import Browser

from tests.browser.inspection import Inspection, inspect
from tests.stage.browser_world import TOGETHER, World

pytestmark = TOGETHER
_WEIGHT_MAX_BYTES = 100_000


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def inspection(world: World, browser: Browser) -> Inspection:
    return await inspect(world, browser)


async def test_axe_finds_nothing_serious_on_any_page_in_light_or_dark(inspection: Inspection) -> None:
    found = [f"{name}: {finding}" for name, seen in inspection.pages.items() for finding in seen.findings]
    assert not found, "\n".join(found)


async def test_no_page_scrolls_sideways_on_a_phone(inspection: Inspection) -> None:
    assert {name: seen.too_wide_px for name, seen in inspection.pages.items() if seen.too_wide_px} == {}


async def test_no_page_meets_an_error_or_breaks_the_content_security_policy(inspection: Inspection) -> None:
    assert inspection.complaints == []


async def test_pages_of_the_shop_weigh_less_than_100_kb_before_pictures_and_fonts(
    inspection: Inspection,
) -> None:
    weights = {n: s.weight_bytes for n, s in inspection.pages.items() if n.startswith("shop")}
    assert all(0 < weight < _WEIGHT_MAX_BYTES for weight in weights.values()), weights
