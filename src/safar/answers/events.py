"""The events that this room writes, as staff read them."""

from safar.journal.kinds import EventKind
from safar.kernel.i18n import N_

EVENTS = (
    EventKind("answer.given", N_("The bot answered a question (%(intent)s)"), "robot"),
    EventKind("answer.none", N_("The bot had no answer: %(reason)s"), "robot"),
)
