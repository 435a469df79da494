"""Loading the demo's shop: real products, stock and customers, and one campaign with an offer."""

from dataclasses import dataclass
from uuid import UUID

from safar.campaigns.model import Audience, CampaignDraft
from safar.catalogue.actions import import_products
from safar.customers.actions import CustomerRecord, import_many
from safar.demo.retail import choose_hot_product, products, shoppers
from safar.gate.line.calling import set_capacity
from safar.gate.tickets.model import SHOP
from safar.kernel.context import Context
from safar.kernel.ids import derived_id, new_id
from safar.kernel.web.actor import Actor
from safar.payments.trial import switch_on_for_trial
from safar.stock.actions import MAIN, StockReceipt, receive_stock_many
from safar.team.actions import all_staff, invite, renew_password

_UNITS_SHARE = 0.2  # of the customers: fewer units than want one
_UNITS_MIN = 3
_REPLY_SHARE = 0.25  # of the rehearsal's length
_REPLY_S_MIN = 5


@dataclass(frozen=True, slots=True)
class Offered:
    """The hot product and how many units of it the campaign promises."""

    variant_id: UUID
    sku: str
    units: int


async def load_shop(context: Context, customers: int) -> Offered:
    """Write catalogue, stock and customers, once however often the demo runs; return what is offered."""
    goods = products()
    hot = choose_hot_product()
    units = max(_UNITS_MIN, round(customers * _UNITS_SHARE))
    async with context.database.transaction() as connection:
        await switch_on_for_trial(connection)
        variant_ids = await import_products(connection, goods)
        receipts = [
            _receipt(variant_id, product.stock, product.sku)
            for product, variant_id in zip(goods, variant_ids, strict=True)
            if product.stock > 0 and product.sku != hot.sku  # the offer is all there is of it
        ]
        hot_id = variant_ids[[product.sku for product in goods].index(hot.sku)]
        receipts.append(StockReceipt(new_id(), hot_id, MAIN, units, "delivery", "for the campaign", None))
        await receive_stock_many(connection, receipts)
    records = [
        CustomerRecord(name=s.name, email=s.email, language=s.language, country=s.country, consent=True)
        for s in shoppers(customers)
    ]
    async with context.database.transaction() as connection:
        await import_many(connection, records)
    await fit_the_site(context, context.settings.site_capacity)
    return Offered(hot_id, hot.sku, units)


def _receipt(variant_id: UUID, units: int, sku: str) -> StockReceipt:
    return StockReceipt(derived_id("demo-stock", sku), variant_id, MAIN, units, "opening stock", "demo", None)


async def fit_the_site(context: Context, capacity: int) -> None:
    """Let at most so many visitors in."""
    async with context.database.transaction() as connection:
        owner = next(person for person in await all_staff(connection) if person.role == "owner")
        await set_capacity(connection, SHOP, capacity, staff_id=owner.id)


async def virtual_agent(context: Context, email: str) -> str:
    """Return a one-time password of the agent who answers in the rehearsal, invited at first need."""
    async with context.database.connection() as connection:
        people = await all_staff(connection)
    owner = next(person for person in people if person.role == "owner")
    actor = Actor(owner.id, owner.email, owner.name, owner.role)
    known = next((person for person in people if person.email == email), None)
    if known is not None:
        return (await renew_password(context, actor=actor, staff_id=known.id)).password
    invited = await invite(context, actor=actor, email=email, name="Rehearsal agent", role="agent")
    return invited.password


def campaign_draft(offered: Offered, *, customers: int, seconds: float) -> CampaignDraft:
    """Return the demo's campaign: the hot product, its units and the reply time promised."""
    return CampaignDraft(
        campaign_id=new_id(),
        name="A paper chain for every window",
        variant_id=offered.variant_id,
        units=offered.units,
        reply_seconds=max(_REPLY_S_MIN, round(seconds * _REPLY_SHARE)),
        subject=_SUBJECTS,
        body=_BODIES,
        audience=Audience(limit=customers),
    )


_SUBJECTS = {
    "en": "{{ product.title }}: {{ units }} are here, and one may be yours",
    "pt-BR": "{{ product.title }}: chegaram {{ units }}, e uma pode ser sua",
    "fa": "{{ product.title }}: تنها {{ units }} عدد رسیده است",
    "hi": "{{ product.title }}: सिर्फ़ {{ units }} आए हैं, एक आपका हो सकता है",
}
_BODIES = {
    "en": (
        "Hello {{ customer.name }},\n\nthe {{ product.title }} is back, at {{ product.price }}. There are"
        " {{ units }}, no more:\n\n{{ link }}\n\nAsk us anything. We promise an answer within"
        " {{ reply_time }}.\n\n{{ shop }}"
    ),
    "pt-BR": (
        "Olá {{ customer.name }},\n\no produto {{ product.title }} voltou, por {{ product.price }}. São só"
        " {{ units }}:\n\n{{ link }}\n\nPergunte o que quiser. Prometemos responder em até"
        " {{ reply_time }}.\n\n{{ shop }}"
    ),
    "fa": (
        "سلام {{ customer.name }}،\n\n{{ product.title }} با قیمت {{ product.price }} دوباره رسید. تنها"
        " {{ units }} عدد داریم:\n\n{{ link }}\n\nهر پرسشی دارید بپرسید. قول می‌دهیم ظرف {{ reply_time }}"
        " پاسخ بدهیم.\n\n{{ shop }}"
    ),
    "hi": (
        "नमस्ते {{ customer.name }},\n\n{{ product.title }} {{ product.price }} में फिर से आ गया है। सिर्फ़"
        " {{ units }} हैं:\n\n{{ link }}\n\nकुछ भी पूछें। हम {{ reply_time }} के भीतर जवाब देने का वादा करते"
        " हैं।\n\n{{ shop }}"
    ),
}
