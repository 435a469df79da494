"""Why a conversation is with staff, in words."""

from safar.kernel.i18n import N_, _

REASONS = {
    "asks_for_person": N_("The customer asks for a person."),
    "not_understood": N_("The bot did not understand the question."),
    "unsure": N_("The bot was not sure enough of the answer."),
    "which_product": N_("It is not clear which product is meant."),
    "no_order": N_("They ask about an order, but none was ordered or opened where the question came from."),
    "other_order": N_("The order number is none that was ordered or opened where the question came from."),
    "about_order": N_("The customer wants something done with an order."),
    "not_verified": N_("Nothing shows that this mail came from the address that it gives."),
    "unknown_address": N_("The reply came from another address than the one we wrote to."),
    "not_delivered": N_("A reply could not be delivered. Choose another channel or address."),
    "through_list": N_("It came through a mailing list or group: only people answer there."),
    "loop": N_("The bot has answered this address often in a short time, or the same text came twice."),
    "answered_elsewhere": N_("A colleague answered in the channel’s own app."),
    "taken": N_("A colleague took the conversation."),
    "replied": N_("A colleague replied."),
}


def reason_text(reason: str | None) -> str:
    """Return a reason in the language in force; one that we have no words for stands as it is."""
    return _(REASONS[reason]) if reason in REASONS else (reason or "")
