"""Switching on what a rehearsal pays with."""

from safar.kernel.database import Connection, execute
from safar.kernel.queries import queries_beside
from safar.payments.books.names import CASH, TEST_CARD

QUERIES = queries_beside(__file__)


async def switch_on_for_trial(connection: Connection) -> None:
    """Offer what a rehearsal pays with, in a shop of its own: the test card and payment on delivery."""
    await execute(connection, QUERIES["switch_on"], {"providers": [CASH, TEST_CARD]})
