"""What the worker runs for the bot."""

from safar.answers.actions import Bot
from safar.journal.subscribe import Subscriber
from safar.kernel.context import Context

_QUESTIONS_MAX = 20  # a step: other work of the worker has its turn between two


def subscribers(context: Context) -> list[Subscriber]:
    """Return the reader that answers what customers write."""
    bot = Bot(context.settings)
    return [Subscriber("answers", ("message.received",), bot.take, events_max=_QUESTIONS_MAX)]
