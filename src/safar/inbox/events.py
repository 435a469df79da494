"""The events that this room writes, as staff read them."""

from safar.journal.kinds import EventKind
from safar.kernel.i18n import N_

EVENTS = (
    EventKind("conversation.opened", N_("Started a conversation"), "messages"),
    EventKind("conversation.reopened", N_("Came back to the conversation"), "messages"),
    EventKind("conversation.handed_over", N_("Conversation handed over to staff: %(reason)s"), "messages"),
    EventKind("conversation.assigned", N_("Conversation assigned"), "messages"),
    EventKind("conversation.closed", N_("Conversation closed"), "messages"),
    EventKind("conversation.snoozed", N_("Conversation put off"), "clock"),
    EventKind("conversation.woken", N_("Conversation is back"), "clock"),
    EventKind("conversation.prioritised", N_("Priority of the conversation: %(priority)s"), "messages"),
    EventKind("conversation.labelled", N_("Labels of the conversation changed"), "tag"),
    EventKind("label.added", N_("Label %(label)s added"), "tag"),
    EventKind("label.dropped", N_("Label removed"), "tag"),
    EventKind("agent.away", N_("Is away: gets no conversations"), "users"),
    EventKind("agent.back", N_("Is back: gets conversations"), "users"),
    EventKind("desk.saved", N_("Team %(team)s saved"), "users"),
    EventKind("desk.dropped", N_("Team removed"), "users"),
    EventKind("agent.set", N_("Set: at most %(chats_max)s conversations at once"), "users"),
    EventKind("conversation.marked_spam", N_("Conversation marked as spam"), "messages"),
    EventKind("conversation.unmarked_spam", N_("Conversation is no spam"), "messages"),
    EventKind("conversation.noted", N_("Internal note written"), "message"),
    EventKind("saved_reply.changed", N_("Saved reply changed: %(shortcut)s"), "message"),
    EventKind("saved_reply.deleted", N_("Saved reply deleted: %(shortcut)s"), "message"),
    EventKind("message.received", N_("Wrote a message by %(channel)s"), "message"),
)
