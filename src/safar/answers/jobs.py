"""What the worker runs for the bot."""

from safar.answers.actions import Bot
from safar.journal.subscribe import Subscriber
from safar.kernel.context import Context


def subscribers(context: Context) -> list[Subscriber]:
    """Return the reader that answers what customers write."""
    return [Subscriber("answers", ("message.received",), Bot(context.settings).take)]
