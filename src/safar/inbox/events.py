"""The events that this room writes, as staff read them."""

from safar.journal.kinds import EventKind
from safar.kernel.i18n import N_

EVENTS = (
    EventKind("conversation.opened", N_("Started a conversation"), "messages"),
    EventKind("conversation.reopened", N_("Came back to the conversation"), "messages"),
    EventKind("conversation.handed_over", N_("Conversation handed over to staff: %(reason)s"), "messages"),
    EventKind("conversation.assigned", N_("Conversation assigned"), "messages"),
    EventKind("conversation.closed", N_("Conversation closed"), "messages"),
    EventKind("message.received", N_("Wrote a message by %(channel)s"), "message"),
)
