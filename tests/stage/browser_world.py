"""The whole system as customers and staff meet it: real processes, a small shop, one running campaign."""

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from safar.campaigns import actions as campaigns
from safar.campaigns import drafts
from safar.campaigns.model import Audience, CampaignDraft
from safar.catalogue.actions import import_products
from safar.customers.actions import CustomerRecord, import_many
from safar.demo.retail import RetailProduct, choose_hot_product, products
from safar.gate.line.calling import set_capacity
from safar.gate.site.sites import site_figures
from safar.gate.tickets.model import SHOP
from safar.kernel.context import Context, make_context
from safar.kernel.i18n import _, speaking
from safar.kernel.ids import new_id
from safar.kernel.ports import reserve_port
from safar.kernel.web.actor import Actor
from safar.owner.facts import shop_from
from safar.payments.trial import switch_on_for_trial
from safar.serve import Supervisor
from safar.settings import Settings
from safar.stock.actions import MAIN, StockReceipt, receive_stock_many
from safar.team.actions import all_staff, invite

# Of every module here: one event loop for what all of them share.
TOGETHER = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
OWNER = "owner@safar.example"
ROOMY = 50
_GOODS = 30
_STOCK = 40
_UNITS = 20
_LINK = re.compile(r"https?://\S+/l/\S+")
LANGUAGES = ("en", "fa")
# One customer for each test and language, so that none finds the conversation of another.
NAMES = {
    ("walker", "en"): "Alice Walker", ("walker", "fa"): "سارا احمدی",
    ("inspected", "en"): "Isla Morgan", ("inspected", "fa"): "نگار پارسا",
    ("scriptless", "en"): "Leo Green",
}  # fmt: skip
_MAIL_S_MAX = 60
_SUBJECTS = {"en": "{{ product.title }} is back", "fa": "{{ product.title }} دوباره رسید"}
_BODIES = {
    "en": "Hello {{ customer.name }},\n\n{{ units }} are here, at {{ product.price }}:\n\n{{ link }}\n",
    "fa": "سلام {{ customer.name }}،\n\n{{ units }} عدد با قیمت {{ product.price }}:\n\n{{ link }}\n",
}


def said(language: str, text: str, **values: object) -> str:
    """Return what a text of ours is in `language`, which must not be the English one everywhere."""
    with speaking(language):
        found = _(text, **values)
    assert language == "en" or found != (text % values if values else text), f"not translated: {text}"
    return found


def email_of(language: str, role: str = "walker") -> str:
    """Return the address of a customer of ours: see NAMES."""
    return f"{role}-{language}@customers.example"


def order_link(letter: dict[str, Any]) -> str:
    """Return the link to the order page in a mail about it."""
    found = re.search(r"https?://\S+/orders/\S+", letter["text"])
    assert found is not None, letter["text"]
    return found.group()


def mailbox_of(settings: Settings) -> str:
    return f"http://{settings.mailbox_host}:{settings.mailbox_http_port}"


async def letter_to(settings: Settings, to: str, subject: str) -> dict[str, Any]:
    """Wait until a mail with `subject` in its subject lies in the mailbox of `to`."""
    async with asyncio.timeout(_MAIL_S_MAX), httpx.AsyncClient(base_url=mailbox_of(settings)) as client:
        while True:
            letters = (await client.get("/api/messages")).json()
            for letter in letters:
                if letter["to"] == to and subject in letter["subject"]:
                    return dict(letter)
            await asyncio.sleep(0.05)  # the mailbox is another process, as a mail provider is


@dataclass(frozen=True, slots=True)
class World:
    """Everything that runs, and the few things that a test does to it from outside."""

    settings: Settings
    context: Context
    owner: Actor
    owner_password: str
    hot: RetailProduct
    campaign_id: UUID
    variant_id: UUID

    @property
    def front(self) -> str:
        return self.settings.public_url

    @property
    def console(self) -> str:
        return self.settings.console_url

    @property
    def mailbox(self) -> str:
        return mailbox_of(self.settings)

    async def invited(self, name: str, role: str = "owner") -> tuple[str, str]:
        """Invite somebody to the staff; return their address and one-time password."""
        address = f"{new_id().hex[-8:]}@safar.example"
        invited = await invite(self.context, actor=self.owner, email=address, name=name, role=role)
        return address, invited.password

    async def give_room(self, capacity: int) -> None:
        """Let at most `capacity` visitors into the shop from now on."""
        async with self.context.database.transaction() as connection:
            await set_capacity(connection, SHOP, capacity, staff_id=self.owner.id)

    async def inside(self) -> int:
        async with self.context.database.connection() as connection:
            found = await site_figures(connection, SHOP)
        assert found is not None
        return found.inside

    async def mail(self, to: str, subject: str) -> dict[str, Any]:
        return await letter_to(self.settings, to, subject)

    async def campaign_mail(self, to: str) -> tuple[dict[str, Any], str]:
        """Return the campaign's mail to a customer and the link in it."""
        letter = await self.mail(to, self.hot.title)
        found = _LINK.search(letter["text"])
        assert found is not None, letter["text"]
        return letter, found.group()


@asynccontextmanager
async def started(folder: Path) -> AsyncIterator[World]:
    """Start everything over `folder`, load the shop and send the campaign; stop it all at the end."""
    settings = settings_in(folder)
    async with AsyncExitStack() as stack:
        supervisor = Supervisor(settings, extra_roles=("mailbox",))
        stack.push_async_callback(supervisor.stop)
        await supervisor.start(OWNER)
        context = make_context(settings, supervisor.url)
        await context.database.open()
        stack.push_async_callback(context.database.close)
        stack.push_async_callback(context.batchers.drained)
        yield await _loaded(context, supervisor.owner_password or "")


@asynccontextmanager
async def first_start() -> AsyncIterator[tuple[Settings, str]]:
    """Start an empty installation; give its settings and the one-time password of its owner."""
    with tempfile.TemporaryDirectory(prefix="safar-first-day-", ignore_cleanup_errors=True) as folder:
        settings = settings_in(Path(folder))
        supervisor = Supervisor(settings, extra_roles=("mailbox",))
        try:
            await supervisor.start(OWNER)
            assert supervisor.owner_password is not None
            yield settings, supervisor.owner_password
        finally:
            await supervisor.stop()


def settings_in(folder: Path) -> Settings:
    """Return the settings of an installation of its own, with ports of its own."""
    front, console, mail_in, smtp, mailbox = (reserve_port() for _ in range(5))
    return Settings(
        data_dir=folder,
        secret_key="only-for-tests, and long enough for a start",  # type: ignore[arg-type]
        front_port=front,
        public_url=f"http://127.0.0.1:{front}",
        console_port=console,
        console_url=f"http://127.0.0.1:{console}",
        mail_in_port=mail_in,
        mailbox_smtp_port=smtp,
        mailbox_http_port=mailbox,
        smtp_url=f"smtp://127.0.0.1:{smtp}",
        site_capacity=ROOMY,
        quiet_hours="",  # the tests run at night, too
    )


async def _loaded(context: Context, password: str) -> World:
    hot = choose_hot_product()
    goods = [hot, *[product for product in products() if product.sku != hot.sku][:_GOODS]]
    async with context.database.transaction() as connection:
        await switch_on_for_trial(connection)
        variants = await import_products(connection, goods)
        receipts = [
            StockReceipt(new_id(), variant, MAIN, _STOCK, "opening stock", "test", None)
            for variant in variants
        ]
        await receive_stock_many(connection, receipts)
        people = [
            CustomerRecord(name=name, email=email_of(code, role), language=code, country="", consent=True)
            for (role, code), name in NAMES.items()
        ]
        await import_many(connection, people)
        owner = next(person for person in await all_staff(connection) if person.role == "owner")
    campaign_id = await _campaign(context, variants[0])
    actor = Actor(owner.id, owner.email, owner.name, owner.role)
    return World(context.settings, context, actor, password, hot, campaign_id, variants[0])


async def _campaign(context: Context, variant_id: UUID) -> UUID:
    draft = CampaignDraft(
        campaign_id=new_id(),
        name="Chains for every window",
        variant_id=variant_id,
        units=_UNITS,
        reply_seconds=600,
        subject=_SUBJECTS,
        body=_BODIES,
        audience=Audience(),
    )
    async with context.database.transaction() as connection:
        campaign_id = await drafts.create_campaign(connection, draft, shop_name=shop_from({}).name)
        await campaigns.start_campaign(connection, campaign_id)
    return campaign_id
