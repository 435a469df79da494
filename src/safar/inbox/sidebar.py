"""What stands beside a conversation: the customer, their orders, what they did last, what is in stock."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from safar.cart.available import available_of
from safar.catalogue.actions import variants_by_id
from safar.customers.actions import customer_cards
from safar.customers.sentences import Sentences
from safar.inbox.model import Conversation
from safar.journal.actions import of_customer
from safar.journal.model import Recorded
from safar.kernel.database import Connection
from safar.orders.model import Order
from safar.orders.reading import orders_of_customer

_EVENTS_MAX = 40
_EVENTS_SHOWN = 8
_ORDERS_MAX = 5
_PRODUCTS_MAX = 3
# The conversation itself shows these; beside it they would only fill the list.
_NOT_SHOWN = ("message.", "conversation.", "answer.", "hold.")


@dataclass(frozen=True, slots=True)
class Happening:
    """One event as it is shown."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Looked:
    """A product that the customer looked at or ordered, and how many of it they could still buy."""

    title: str
    free: int


@dataclass(frozen=True, slots=True)
class ConversationSidebar:
    """The customer of a conversation."""

    name: str | None
    email: str | None
    claimed: str | None
    language: str
    country: str | None
    orders: list[Order]
    events: list[Happening]
    products: list[Looked]


async def sidebar_of(
    connection: Connection, conversation: Conversation, sentences: Sentences
) -> ConversationSidebar:
    """Return what staff should know before they answer."""
    card = (await customer_cards(connection, [conversation.customer_id])).get(conversation.customer_id)
    recent = await of_customer(connection, [conversation.customer_id], limit=_EVENTS_MAX)
    shown = [event for event in recent if not event.name.startswith(_NOT_SHOWN)]
    return ConversationSidebar(
        name=card.name if card else None,
        email=card.email if card else None,
        claimed=card.claimed if card and not card.email else None,
        language=card.language if card else conversation.language,
        country=card.country if card else None,
        orders=await orders_of_customer(connection, [conversation.customer_id], limit=_ORDERS_MAX),
        events=[Happening(event.at, sentences.sentence(event)) for event in shown[:_EVENTS_SHOWN]],
        products=await _products(connection, recent, conversation.campaign_id),
    )


async def _products(connection: Connection, recent: list[Recorded], campaign_id: UUID | None) -> list[Looked]:
    viewed = [viewed_variant(event) for event in recent if event.name == "product.viewed"]
    ids = list(dict.fromkeys(id_ for id_ in viewed if id_ is not None))[:_PRODUCTS_MAX]
    if not ids:
        return []
    variants = await variants_by_id(connection, ids)
    stock = await available_of(connection, ids, campaign_id)
    return [Looked(variants[id_].title, stock[id_].free) for id_ in ids if id_ in variants]


def viewed_variant(event: Recorded) -> UUID | None:
    """Return which variant a product.viewed event is about."""
    try:
        return UUID(str(event.properties.get("variant_id")))
    except ValueError:
        return None
