"""Whether a message that was taken may still leave: asked of whoever had it written."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from safar.channels.actions import withhold_many
from safar.channels.model import Due, Withheld
from safar.kernel.database import Connection

Ask = Callable[[Connection, Sequence[Due]], Awaitable[Sequence[Withheld]]]


async def let_go(connection: Connection, asks: Mapping[str, Ask], taken: Sequence[Due]) -> list[Due]:
    """Return what may leave at this moment; the rest is withheld, and why is written down.

    `asks`: by author, who is asked.
    """
    withheld: list[Withheld] = []
    for author, ask in asks.items():
        if mine := [message for message in taken if message.author == author]:
            withheld += await ask(connection, mine)
    await withhold_many(connection, withheld)
    stay = {message.message_id for message in withheld}
    return [message for message in taken if message.id not in stay]
