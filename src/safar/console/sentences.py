"""The events of every room, collected from where they are written: the one list by which they are shown."""

from safar.answers import events as answers
from safar.campaigns import events as campaigns
from safar.capacity import events as capacity
from safar.cart import events as cart
from safar.catalogue import events as catalogue
from safar.channels import events as channels
from safar.console import events as console
from safar.customers import events as customers
from safar.customers.sentences import Sentences
from safar.gate import events as gate
from safar.inbox import events as inbox
from safar.journal import events as journal
from safar.orders import events as orders
from safar.owner import events as owner
from safar.payments import events as payments
from safar.pricing import events as pricing
from safar.privacy import events as privacy
from safar.returns import events as returns
from safar.shipments import events as shipments
from safar.shop import events as shop
from safar.stock import events as stock
from safar.storefront import events as storefront
from safar.team import events as team

SENTENCES = Sentences(
    kind
    for room in (
        answers,
        campaigns,
        capacity,
        cart,
        catalogue,
        channels,
        console,
        customers,
        gate,
        inbox,
        journal,
        orders,
        owner,
        payments,
        pricing,
        privacy,
        returns,
        shipments,
        shop,
        stock,
        storefront,
        team,
    )
    for kind in room.EVENTS
)
