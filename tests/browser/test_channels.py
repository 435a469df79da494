"""A manager connects WhatsApp, a customer writes there, an agent answers: as both see it."""

import re
from dataclasses import replace

from playwright.async_api import Browser, Page, expect

from safar.channels.accounts import load_accounts, save_account
from safar.kernel.ids import new_id
from safar.standins.meta_samples import BUSINESS_ID, NUMBER_ID
from safar.standins.whatsapp import WhatsAppStandIn
from tests.stage.browser import person, sign_in, written
from tests.stage.browser_world import TOGETHER, World

pytestmark = TOGETHER
_PHONE = "5511987650123"
_PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc0000003"
    "010100c9fe92ef0000000049454e44ae426082"
)


async def test_whatsapp_from_connecting_it_to_an_answer_that_was_read(world: World, browser: Browser) -> None:
    meta = WhatsAppStandIn()
    async with meta.running(), person(browser, "en") as staff:
        address, password = await world.invited("Wanda Whats", "manager")
        page = await staff.page(f"{world.console}/sign-in")
        await sign_in(staff, page, address, password)
        await page.goto(f"{world.console}/channels")
        await page.get_by_role("link", name="Connected channels").first.click()
        await page.get_by_label("Channel", exact=True).select_option("whatsapp")
        await page.get_by_label("Name, as your team calls it").fill("Shop number")
        await page.get_by_role("button", name="Connect", exact=True).click()
        await expect(page.get_by_role("heading", name="Shop number")).to_be_visible()
        meta.webhook_url = await page.locator("code", has_text="/channels/").first.inner_text()
        await _sets_up(page, meta)
        await _speaks_to_the_stand_in(world, meta)

        await meta.write(
            meta.text_from(_PHONE, "Do you still have the paper lamp?"),
            {
                **meta.text_from(_PHONE, ""),
                "type": "image",
                "image": {"id": meta.keep(_PICTURE, "image/png"), "mime_type": "image/png"},
            },
        )
        await page.goto(f"{world.console}/inbox")
        await page.get_by_role("link").filter(has_text="Kerry").first.click()
        await expect(page.get_by_text("Do you still have the paper lamp?").last).to_be_visible()
        await expect(page.locator(".bubble-picture")).to_be_visible()
        await expect(page.locator(".composer [name=to] option").first).to_contain_text("Shop number")
        await page.get_by_label("Your reply").fill("Yes, seven of them.")
        async with written(page):
            await page.get_by_role("button", name="Send", exact=True).click()
        bubble = page.locator(".bubble-staff", has_text="Yes, seven of them.")
        await expect(bubble.get_by_text("read", exact=True)).to_be_visible()
        assert meta.taken[-1]["text"]["body"] == "Yes, seven of them."

        await page.goto(f"{world.console}/channels/accounts")
        await expect(page.get_by_role("row", name=re.compile("Shop number"))).to_contain_text("Works")
        assert staff.complaints == []


async def _sets_up(page: Page, meta: WhatsAppStandIn) -> None:
    for label, text in (
        ("Phone number ID", NUMBER_ID),
        ("WhatsApp Business account ID", BUSINESS_ID),
        ("Business portfolio ID", "777123456789"),
        ("App secret", meta.app_secret),
        ("Access token", meta.token),
    ):
        await page.get_by_label(label, exact=True).fill(text)
    await page.get_by_text("Send through this account").click()
    async with written(page):
        await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("It is set. Leave this empty to keep it.").first).to_be_visible()


async def _speaks_to_the_stand_in(world: World, meta: WhatsAppStandIn) -> None:
    """Let the account ask the stand-in, as it would ask through a proxy."""
    async with world.context.database.connection() as connection:
        (account,) = [a for a in await load_accounts(world.context, connection) if a.name == "Shop number"]
    told = {**account.details, "api_url": meta.url}
    await save_account(world.context, replace(account, details=told), staff_id=new_id())
