"""A page that the browser shows again from memory: what is sent from it then is another request."""

from pathlib import Path
from uuid import UUID

import pytest
from playwright.async_api import Browser, Page, Route

import safar.front

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
SHOP = "http://shop.example/"  # not https: some of what browsers have is missing there
OLD = "00000000-0000-4000-8000-000000000001"
PAGE = f"""<!doctype html><title>Mug</title><script src="/front.js" defer></script>
<form method="post" action="/cart/lines" data-once><input type="hidden" name="request_id" value="{OLD}">
  <button type="submit">Add to cart</button></form>
<form method="post" action="/cart/lines/MUG"><input type="hidden" name="request_id" value="{OLD}"></form>
<form method="post" action="/chat/messages" data-once><input type="hidden" name="id" value="{OLD}"></form>
<form method="post" action="/checkout" data-once><input type="hidden" name="order_id" value="{OLD}"></form>"""
SCRIPT = Path(safar.front.__file__).parent / "static" / "front.js"


async def _served(browser: Browser, origin: str) -> tuple[Page, list[str]]:
    """Open the page at an origin that is not there; what it posts is answered with "204 No Content"."""
    posted: list[str] = []

    async def answer(route: Route) -> None:
        if route.request.method == "POST":
            posted.append(route.request.post_data or "")
            await route.fulfill(status=204)
        elif route.request.url.endswith(".js"):
            await route.fulfill(path=SCRIPT, content_type="text/javascript")
        else:
            await route.fulfill(body=PAGE, content_type="text/html")

    page = await (await browser.new_context()).new_page()
    await page.route("**/*", answer)
    await page.goto(origin)
    return page, posted


async def _shown(page: Page, *, persisted: bool) -> None:
    told = f"new PageTransitionEvent('pageshow', {{persisted: {str(persisted).lower()}}})"
    await page.evaluate(f"window.dispatchEvent({told})")


@pytest.mark.parametrize("origin", [SHOP, "https://shop.example/"])
async def test_a_page_from_memory_sends_another_request_and_the_same_order(
    browser: Browser, origin: str
) -> None:
    page, posted = await _served(browser, origin)
    await _shown(page, persisted=False)
    add = page.get_by_role("button", name="Add to cart")
    async with page.expect_response("**/cart/lines"):
        await add.click()
        await add.click(force=True)  # while the first is on its way
    assert posted == [f"request_id={OLD}"]
    await _shown(page, persisted=True)
    async with page.expect_response("**/cart/lines"):
        await add.click()
    inputs = await page.locator("input").all()
    ids = {await one.input_value() for one in inputs[:3]}
    assert len(ids) == 3
    assert OLD not in ids
    assert {UUID(id_).version for id_ in ids} == {4}
    assert posted[1].removeprefix("request_id=") in ids
    assert await inputs[3].input_value() == OLD, "an order is not placed twice"
    await page.context.close()
