"""All the work that nobody waits for: the worker's loops and the readers of the journal, of every room.

The only list of either: what is set up at the start, what the worker runs and what docs/architecture.md
says are held to it.
"""

from safar.answers import jobs as answers
from safar.campaigns import jobs as campaigns
from safar.campaigns.promises import jobs as promises
from safar.capacity import jobs as capacity
from safar.channels import jobs as channels
from safar.channels.letting import Ask
from safar.console import alerts
from safar.front import stock_left
from safar.gate import jobs as gate
from safar.inbox import jobs as inbox
from safar.journal import jobs as journal
from safar.journal.subscribe import Subscriber
from safar.kernel.context import Context
from safar.kernel.loops import Loop
from safar.orders import first_mails
from safar.privacy import keeping
from safar.settings import Settings
from safar.shop import jobs as shop
from safar.stock import jobs as stock
from safar.stock.replenish import jobs as replenish
from safar.storefront.newsletter import jobs as newsletter
from safar.team import jobs as team


def asks(settings: Settings) -> dict[str, Ask]:
    """Return who is asked, by the author of a message, whether it may still leave."""
    return {**campaigns.asks(settings), **first_mails.asks(settings)}


def loops(context: Context) -> list[Loop]:
    """Return everything the worker does again and again."""
    rooms = (
        journal,
        capacity,
        team,
        gate,
        stock,
        replenish,
        inbox,
        shop,
        newsletter,
        campaigns,
        promises,
        alerts,
        stock_left,
        keeping,
    )
    outbox = channels.loops(context, asks(context.settings))
    return [*outbox, *(loop for room in rooms for loop in room.loops(context))]


def subscribers(context: Context) -> list[Subscriber]:
    """Return every reader of the journal that acts on what it reads."""
    return [
        subscriber
        for room in (answers, campaigns, promises, inbox)
        for subscriber in room.subscribers(context)
    ]
