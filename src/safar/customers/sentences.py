"""An event as a sentence that staff read, in their language: the timeline, the live list, the audit log."""

from collections.abc import Mapping
from typing import Any

from safar.journal.model import Event
from safar.kernel.i18n import N_, _, duration, money, number
from safar.kernel.text import shortened

SENTENCES: Mapping[str, str] = {
    "customer.created": N_("Became known to the shop"),
    "customer.identified": N_("Proved an address: %(kind)s"),
    "customer.joined": N_("Proved to be a visitor seen before"),
    "customer.updated": N_("Profile changed"),
    "consent.given": N_("Allowed messages by %(channel)s (%(source)s)"),
    "consent.withdrawn": N_("Asked for no more messages by %(channel)s (%(source)s)"),
    "visit.arrived": N_("Came to the shop"),
    "visit.queued": N_("Came to the shop and waits in the queue"),
    "visit.early": N_("Came before the opening and takes part in the draw"),
    "visit.admitted": N_("Was let into the shop after %(waited)s"),
    "visit.left": N_("Left the queue"),
    "visit.ended": N_("Left the shop"),
    "site.capacity_changed": N_("Changed how many visitors the shop carries at once"),
    "site.capacity_adapted": N_("How many visitors are let in at once followed the measured latency"),
    "site.ended": N_("Ended the queue of the shop"),
    "site.sold_out": N_("Sold out: the queue ended by itself"),
    "site.reopened": N_("Opened the queue of the shop again"),
    "site.opened": N_("Opened a waiting room"),
    "site.removed": N_("Took a waiting room away"),
    "site.mode_changed": N_("Held, drained or opened a queue"),
    "site.pace_changed": N_("Changed how many are let in per minute"),
    "site.message_changed": N_("Changed the message to those who wait"),
    "site.work_changed": N_("Changed whether browsers are asked for a proof of work"),
    "site.adaptive_changed": N_("Changed whether the capacity follows the latency"),
    "site.invited_changed": N_("Changed the share of places for invitations"),
    "site.invitation_made": N_("Made a personal invitation"),
    "site.opening_set": N_("Set the opening time of a queue"),
    "site.opening_begun": N_("The opening began, and its draw"),
    "product.viewed": N_("Looked at %(sku)s"),
    "cart.created": N_("Started a cart"),
    "cart.changed": N_("Changed the cart"),
    "wishlist.created": N_("Started a wishlist"),
    "wishlist.changed": N_("Changed the wishlist: %(sku)s"),
    "wishlist.shared": N_("Made a link to the wishlist"),
    "wishlist.unshared": N_("Ended the link to the wishlist"),
    "back_in_stock.asked": N_("Asked to be told when %(sku)s is back"),
    "back_in_stock.confirmed": N_("Confirmed the wish to be told when %(sku)s is back"),
    "back_in_stock.told": N_("Was told that %(sku)s is back"),
    "back_in_stock.cancelled": N_("No longer wants to be told about %(sku)s"),
    "customer.exported": N_("Handed out all that is kept of a customer"),
    "customer.erased": N_("Took away who a customer is"),
    "failure.retried": N_("Had event %(event)s taken again by %(reader)s"),
    "failure.dismissed": N_("Dismissed event %(event)s, which %(reader)s could not take"),
    "setback.retried": N_("Had an item tried again that had failed: %(queue)s"),
    "shop_front.changed": N_("Changed what the shop says of itself"),
    "shop.changed": N_("Changed what the shop says of itself"),
    "checkout.started": N_("Began to check out"),
    "order.placed": N_("Placed an order"),
    "order.confirmed": N_("Order confirmed: %(total)s"),
    "order.refused": N_("Wanted to order, but could not: %(reason)s"),
    "order.cancelled": N_("Order cancelled: %(reason)s"),
    "order.link_renewed": N_("Got a new link to the order"),
    "order.packed": N_("Order packed"),
    "order.given_up": N_("Given up, not sent: %(quantity)s units"),
    "order.shipped": N_("Order shipped"),
    "order.delivered": N_("Order delivered"),
    "order.closed": N_("Order closed"),
    "shipment.sent": N_("Parcel sent: %(quantity)s units"),
    "return.requested": N_("Asked to send something back"),
    "return.approved": N_("May send it back"),
    "return.refused": N_("Return refused"),
    "return.received": N_("Sent back: %(quantity)s units"),
    "return.refunded": N_("Gets %(total)s back for a return"),
    "return.exchanged": N_("Sent back and exchanged: %(quantity)s units"),
    "carrier.changed": N_("Changed the carrier %(carrier)s"),
    "payment.started": N_("Began to pay"),
    "payment.paid": N_("Paid"),
    "payment.failed": N_("Payment failed: %(reason)s"),
    "payment.refunded": N_("Money returned: %(reason)s"),
    "payment.received": N_("Money arrived: %(amount)s"),
    "payment.refund_asked": N_("Money is to go back: %(amount)s"),
    "payment.refund_failed": N_("Money could not be given back: %(amount)s"),
    "payment.receipt_closed": N_("Dealt with money that belongs to no order"),
    "payment.way_changed": N_("Changed a way to pay: %(provider)s"),
    "cart.code_set": N_("Tried the discount code %(code)s"),
    "tax.changed": N_("Changed taxes"),
    "shipping.changed": N_("Changed delivery"),
    "discount.created": N_("Made the discount code %(code)s"),
    "discount.changed": N_("Changed the discount code %(code)s"),
    "product.created": N_("Added %(sku)s to the catalogue"),
    "product.changed": N_("Changed %(sku)s in the catalogue"),
    "product.published": N_("Put a product into the shop"),
    "product.hidden": N_("Took a product out of the shop"),
    "product.pictures_changed": N_("Changed the pictures of a product"),
    "price.changed": N_("Changed the price of %(sku)s"),
    "category.changed": N_("Changed a category"),
    "catalogue.imported": N_("Took over a file of products: %(quantity)s rows"),
    "rates.changed": N_("Changed the currencies"),
    "hold.placed": N_("Capacity set aside (%(purpose)s)"),
    "hold.refused": N_("Too little was left to set aside (%(purpose)s)"),
    "hold.claimed": N_("Held capacity was used (%(purpose)s)"),
    "hold.released": N_("Held capacity was given back (%(purpose)s)"),
    "hold.expired": N_("A hold ran out of time (%(purpose)s)"),
    "stock.low": N_("%(sku)s runs low"),
    "stock.rule_set": N_("Changed when an article is bought again"),
    "stock.watcher_set": N_("Changed who is told when a supplier's articles run low"),
    "stock.forecast_made": N_("Demand was forecast"),
    "stock.forecast_failed": N_("The demand could not be forecast"),
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
    "campaign.planned": N_("More of the campaign's audience planned"),
    "campaign.resumed": N_("Campaign went on"),
    "campaign.closed": N_("Offer of the campaign ended"),
    "campaign.paused": N_("Campaign paused: %(reason)s"),
    "campaign.ended": N_("Campaign ended: %(reason)s"),
    "campaign.paused.plain": N_("Campaign paused"),
    "campaign.ended.plain": N_("Campaign ended"),
    "send.sent": N_("Campaign message sent"),
    "send.skipped": N_("Campaign message not sent: %(reason)s"),
    "send.failed": N_("Campaign message failed: %(reason)s"),
    "link.clicked": N_("The campaign link sent to them was opened"),
    "promise.made": N_("A promise was made: %(kind)s"),
    "promise.kept": N_("A promise was kept: %(kind)s"),
    "promise.broken": N_("A promise was broken: %(kind)s"),
    "stock.received": N_("Stock received: %(quantity)s units"),
    "stock.adjusted": N_("Stock corrected by %(quantity)s units"),
    "stock.transferred": N_("Stock moved: %(quantity)s units"),
    "stock.shipped": N_("Stock sent to a customer: %(quantity)s units"),
    "stock.returned": N_("Stock taken back from a customer: %(quantity)s units"),
    "stock.sent_back": N_("Stock sent back to the supplier: %(quantity)s units"),
    "stock.written_off": N_("Stock written off: %(quantity)s units"),
    "stock.lot_dated": N_("Changed the date of lot %(lot)s"),
    "stock.policy_set": N_("Changed what may be promised of an article"),
    "location.added": N_("Added the location %(name)s"),
    "location.changed": N_("Changed the location %(name)s"),
    "supplier.added": N_("Added the supplier %(name)s"),
    "supplier.changed": N_("Changed the supplier %(name)s"),
    "supplier.item_set": N_("Set what a supplier asks for an article"),
    "supplier.item_removed": N_("Took an article off a supplier's list"),
    "purchase.drafted": N_("Drafted purchase order %(number)s"),
    "purchase.sent": N_("Sent purchase order %(number)s"),
    "purchase.expected": N_("Purchase order %(number)s is expected on another day"),
    "purchase.received": N_("Took in units of purchase order %(number)s"),
    "purchase.closed": N_("Closed purchase order %(number)s: %(reason)s"),
    "purchase.cancelled": N_("Cancelled purchase order %(number)s: %(reason)s"),
    "transfer.drafted": N_("Planned transfer %(number)s"),
    "transfer.sent": N_("Transfer %(number)s has left"),
    "transfer.arrived": N_("Took in units of transfer %(number)s"),
    "transfer.cancelled": N_("Cancelled transfer %(number)s: %(reason)s"),
    "count.opened": N_("Began count %(number)s"),
    "count.finished": N_("Finished counting %(number)s"),
    "count.approved": N_("Approved the differences of count %(number)s"),
    "count.reopened": N_("Opened count %(number)s again"),
    "count.cancelled": N_("Gave up count %(number)s"),
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
    "not_published": N_("the product is not in the shop"),
    "payment_declined": N_("the payment was declined"), "payment_unfinished": N_("never paid"),
    "sold_out_while_paying": N_("sold out while paying"), "cancelled_by_shop": N_("by the shop"),
    "cancelled_by_customer": N_("as the customer wanted"),
    "not_understood": N_("not understood"),
    "address_limit": N_("too many mails to this address"),
    "first_mails_address": N_("too many mails to an address that is not confirmed"),
    "first_mails_network": N_("too many mails to unconfirmed addresses from one network"),
}  # fmt: skip

_ICONS = {
    "customer": "user", "consent": "check", "visit": "ticket", "site": "ticket", "product": "eye",
    "cart": "shopping-cart",
    "checkout": "credit-card", "order": "receipt", "payment": "cash", "hold": "hourglass",
    "shipment": "truck", "return": "refresh", "carrier": "truck",
    "conversation": "messages", "message": "message", "answer": "robot", "campaign": "speakerphone",
    "send": "mail", "link": "link", "promise": "star", "stock": "box", "staff": "lock",
    "location": "building-warehouse", "supplier": "truck", "purchase": "receipt", "transfer": "truck",
    "count": "list-check", "price": "tag", "category": "tag", "catalogue": "tag", "rates": "cash",
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
        return "visit.early" if event.properties.get("early") else "visit.queued"
    if event.name == "site.ended" and event.properties.get("reason") == "sold_out":
        return "site.sold_out"
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
            if name == "amount":
                return money(int(properties["amount_minor"]), str(properties["currency"]))
            if name == "quantity":
                return number(int(properties.get("quantity", properties.get("units"))))
        except (KeyError, TypeError, ValueError):
            return "–"
        return word(str(properties.get(name) or "–"))
