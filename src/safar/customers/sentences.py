"""An event as a sentence that staff read, in their language: the timeline, the live list, the audit log."""

from collections.abc import Mapping
from typing import Any

from safar.journal.model import Event
from safar.kernel.i18n import N_, _, duration, money, number
from safar.kernel.text import shortened

SENTENCES: Mapping[str, str] = {
    "customer.created": N_("Became known to the shop"),
    "customer.identified": N_("Told an address: %(kind)s"),
    "customer.updated": N_("Profile changed"),
    "consent.given": N_("Allowed messages by %(channel)s (%(source)s)"),
    "consent.withdrawn": N_("Asked for no more messages by %(channel)s (%(source)s)"),
    "visit.arrived": N_("Came to the shop"),
    "visit.queued": N_("Came to the shop and waits in the queue"),
    "visit.admitted": N_("Was let into the shop after %(waited)s"),
    "visit.left": N_("Left the queue"),
    "visit.ended": N_("Left the shop"),
    "site.capacity_changed": N_("Changed how many visitors the shop carries at once"),
    "site.ended": N_("Ended the queue of the shop"),
    "site.reopened": N_("Opened the queue of the shop again"),
    "product.viewed": N_("Looked at %(sku)s"),
    "cart.created": N_("Started a cart"),
    "cart.changed": N_("Changed the cart"),
    "checkout.started": N_("Began to check out"),
    "order.placed": N_("Placed an order"),
    "order.confirmed": N_("Order confirmed: %(total)s"),
    "order.refused": N_("Wanted to order, but could not: %(reason)s"),
    "order.cancelled": N_("Order cancelled: %(reason)s"),
    "order.shipped": N_("Order shipped"),
    "order.delivered": N_("Order delivered"),
    "payment.started": N_("Began to pay"),
    "payment.paid": N_("Paid"),
    "payment.failed": N_("Payment failed: %(reason)s"),
    "payment.refunded": N_("Money returned: %(reason)s"),
    "hold.placed": N_("Capacity set aside (%(purpose)s)"),
    "hold.refused": N_("Too little was left to set aside (%(purpose)s)"),
    "hold.claimed": N_("Held capacity was used (%(purpose)s)"),
    "hold.released": N_("Held capacity was given back (%(purpose)s)"),
    "hold.expired": N_("A hold ran out of time (%(purpose)s)"),
    "conversation.opened": N_("Started a conversation"),
    "conversation.reopened": N_("Came back to the conversation"),
    "conversation.handed_over": N_("Conversation handed over to staff: %(reason)s"),
    "conversation.assigned": N_("Conversation assigned"),
    "conversation.closed": N_("Conversation closed"),
    "message.received": N_("Wrote a message by %(channel)s"),
    "message.queued": N_("Message from %(author)s on its way by %(channel)s"),
    "message.sent": N_("Message from %(author)s sent by %(channel)s"),
    "message.answered": N_("Answered by %(author)s by %(channel)s after %(waited)s"),
    "message.failed": N_("Message could not be delivered: %(reason)s"),
    "message.skipped": N_("Message not sent: %(reason)s"),
    "answer.given": N_("The bot answered a question (%(intent)s)"),
    "answer.none": N_("The bot had no answer: %(reason)s"),
    "campaign.created": N_("Campaign drafted"),
    "campaign.started": N_("Campaign started"),
    "campaign.resumed": N_("Campaign went on"),
    "campaign.closed": N_("Offer of the campaign ended"),
    "campaign.paused": N_("Campaign paused: %(reason)s"),
    "campaign.ended": N_("Campaign ended: %(reason)s"),
    "campaign.paused.plain": N_("Campaign paused"),
    "campaign.ended.plain": N_("Campaign ended"),
    "send.sent": N_("Campaign message sent"),
    "send.skipped": N_("Campaign message not sent: %(reason)s"),
    "send.failed": N_("Campaign message failed: %(reason)s"),
    "link.clicked": N_("Followed the link of a campaign"),
    "promise.made": N_("A promise was made: %(kind)s"),
    "promise.kept": N_("A promise was kept: %(kind)s"),
    "promise.broken": N_("A promise was broken: %(kind)s"),
    "stock.received": N_("Stock received: %(quantity)s units"),
    "stock.adjusted": N_("Stock corrected by %(quantity)s units"),
    "stock.transferred": N_("Stock moved: %(quantity)s units"),
    "staff.invited": N_("Invited somebody as %(role)s"),
    "staff.disabled": N_("Ended somebody's access"),
    "staff.enabled": N_("Let somebody in again"),
    "staff.password_renewed": N_("Gave out a new one-time password"),
    "staff.password_changed": N_("Changed their own password"),
    "staff.signed_in": N_("Signed in"),
    "staff.signed_out": N_("Signed out"),
    "staff.sign_in_failed": N_("A sign-in failed"),
}

# Codes that stand in properties, as words.
WORDS: Mapping[str, str] = {
    "email": N_("e-mail"), "phone": N_("phone"), "web": N_("web chat"), "visitor": N_("browser"),
    "telegram": N_("Telegram"), "whatsapp": N_("WhatsApp"),
    "customer": N_("the customer"), "staff": N_("staff"), "bot": N_("the bot"), "shop": N_("the shop"),
    "campaign": N_("a campaign"),
    "owner": N_("owner"), "manager": N_("manager"), "agent": N_("agent"),
    "reply": N_("an answer in time"), "units": N_("the offered goods"),
    "stock": N_("where is it in stock"), "in_stock": N_("is it in stock"), "order": N_("where is my order"),
    "opening_hours": N_("when are you open"), "hours": N_("when are you open"),
    "checkout": N_("checkout"), "import": N_("import"), "link": N_("link in a message"),
    "sold_out": N_("sold out"), "out_of_stock": N_("nothing left"), "no_consent": N_("no consent"),
    "no_email": N_("no e-mail address"), "expired": N_("the time was over"), "declined": N_("declined"),
    "payment_failed": N_("the payment failed"), "timeout": N_("no answer in time"),
    "stopped": N_("stopped by staff"), "unsubscribed": N_("asked for no more messages"),
    "all_sent": N_("all messages are sent"), "quiet": N_("nothing more was said"),
    "not_delivered": N_("the answer could not be delivered"), "taken": N_("taken by staff"),
    "visit": N_("a place in the shop"), "sends": N_("messages"), "not_on_sale": N_("not on sale"),
    "asks_for_person": N_("wants to speak with a person"), "unsure": N_("the bot was not sure"),
    "which_product": N_("unclear which product is meant"), "no_order": N_("no order of theirs was found"),
    "other_order": N_("an order that is not theirs"), "about_order": N_("wants an order changed"),
    "unknown_address": N_("came from another address"), "replied": N_("staff replied"),
    "merged": N_("known under another profile now"), "offer_ended": N_("the offer had ended"),
    "payment_declined": N_("the payment was declined"), "payment_unfinished": N_("never paid"),
    "sold_out_while_paying": N_("sold out while paying"), "cancelled_by_shop": N_("by the shop"),
    "not_understood": N_("not understood"),
}  # fmt: skip

_ICONS = {
    "customer": "user", "consent": "check", "visit": "ticket", "site": "ticket", "product": "eye",
    "cart": "shopping-cart",
    "checkout": "credit-card", "order": "receipt", "payment": "cash", "hold": "hourglass",
    "conversation": "messages", "message": "message", "answer": "robot", "campaign": "speakerphone",
    "send": "mail", "link": "link", "promise": "star", "stock": "box", "staff": "lock",
}  # fmt: skip
_BAD = ("failed", "refused", "broken", "cancelled", "sign_in_failed")
_GOOD = ("confirmed", "delivered", "kept", "paid")
_SHOWN_CHARACTERS_MAX = 120


def sentence(event: Event) -> str:
    """Return what the event says; of a name that we do not know, honestly the name."""
    template = SENTENCES.get(_name(event))
    if template is None:
        return _("Event “%(name)s”", name=shortened(event.name, _SHOWN_CHARACTERS_MAX))
    return _(template) % _Values(event.properties) if "%(" in template else _(template)


def word(code: str) -> str:
    """Return a code that stands in a property (a channel, a reason, a source) as words."""
    return _(WORDS[code]) if code in WORDS else shortened(code, _SHOWN_CHARACTERS_MAX)


def icon_of(event: Event) -> str:
    """Return the symbol (of icons.svg) that goes with the event."""
    return _ICONS.get(event.name.split(".")[0], "activity")


def tone_of(event: Event) -> str:
    """Return the tone of the event as the console's components name it."""
    verb = event.name.split(".")[-1]
    if verb in _BAD:
        return "bad"
    return "good" if verb in _GOOD else "calm"


def _name(event: Event) -> str:
    """Return which sentence fits: some events say two things, told apart by a property."""
    if event.name == "visit.arrived" and event.properties.get("queued"):
        return "visit.queued"
    if event.name == "message.sent" and event.properties.get("waited_s") is not None:
        return "message.answered"
    if event.name in ("campaign.paused", "campaign.ended") and not event.properties.get("reason"):
        return event.name + ".plain"
    return event.name


class _Values(dict[str, str]):
    """What fills a sentence: words, figures and lengths of time; a dash for what the event does not tell."""

    def __init__(self, properties: Mapping[str, Any]) -> None:
        super().__init__()
        self._properties = properties

    def __missing__(self, name: str) -> str:
        properties = self._properties
        try:
            if name == "waited":
                return duration(float(properties["waited_s"]))
            if name == "total":
                return money(int(properties["total_minor"]), str(properties["currency"]))
            if name == "quantity":
                return number(int(properties["quantity"]))
        except (KeyError, TypeError, ValueError):
            return "–"
        return word(str(properties.get(name) or "–"))
