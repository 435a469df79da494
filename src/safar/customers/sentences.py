"""An event as a sentence that staff read, in their language: the timeline, the live list, the audit log."""

from collections.abc import Iterable, Mapping
from typing import Any

from starlette.requests import Request

from safar.journal.kinds import EventKind
from safar.journal.model import Event
from safar.kernel.i18n import N_, _, duration, money, number
from safar.kernel.text import shortened

# Codes that stand in properties, as words.
WORDS: Mapping[str, str] = {
    "email": N_("e-mail"), "phone": N_("phone"), "web": N_("web chat"), "visitor": N_("browser"),
    "telegram": N_("Telegram"), "whatsapp": N_("WhatsApp"),
    "customer": N_("the customer"), "staff": N_("staff"), "bot": N_("the bot"), "shop": N_("the shop"),
    "campaign": N_("a campaign"),
    "owner": N_("owner"), "manager": N_("manager"), "agent": N_("agent"),
    "reply": N_("reply in time"), "units": N_("units on offer"),
    "stock": N_("where is it in stock"), "in_stock": N_("is it in stock"), "order": N_("where is my order"),
    "opening_hours": N_("when are you open"), "hours": N_("when are you open"),
    "sign_up": N_("sign-up form"), "unsubscribe": N_("unsubscribe link"),
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

_BAD = ("failed", "refused", "broken", "cancelled", "sign_in_failed")
_GOOD = ("confirmed", "delivered", "kept", "paid")
_SHOWN_CHARACTERS_MAX = 120


class Sentences:
    """Says what events say, by the kinds that their rooms have declared."""

    def __init__(self, kinds: Iterable[EventKind]) -> None:
        """Raises ValueError for a name that is declared twice."""
        self.kinds: dict[str, EventKind] = {}
        for kind in kinds:
            if kind.name in self.kinds:
                raise ValueError(f"the event {kind.name} is declared twice")
            self.kinds[kind.name] = kind

    def sentence(self, event: Event) -> str:
        """Return what the event says; of a name that nobody has declared, honestly the name."""
        kind = self.kinds.get(event.name)
        if kind is None:
            return _("Event “%(name)s”", name=shortened(event.name, _SHOWN_CHARACTERS_MAX))
        template = (kind.otherwise and kind.otherwise(event.properties)) or kind.sentence
        return _(template) % _Values(event.properties) if "%(" in template else _(template)

    def icon_of(self, event: Event) -> str:
        """Return the symbol (of icons.svg) that goes with the event."""
        kind = self.kinds.get(event.name)
        return kind.icon if kind else "activity"


def sentences_of(request: Request) -> Sentences:
    """Return the sentences of the surface: it collects them from the rooms, those above this one, too."""
    sentences = getattr(request.app.state, "sentences", None)
    return sentences if isinstance(sentences, Sentences) else Sentences(())


def tone_of(event: Event) -> str:
    """Return the tone of the event as the console's components name it."""
    verb = event.name.split(".")[-1]
    if verb in _BAD:
        return "bad"
    return "good" if verb in _GOOD else "calm"


def word(code: str) -> str:
    """Return a code that stands in a property (a channel, a reason, a source) as words."""
    return _(WORDS[code]) if code in WORDS else shortened(code, _SHOWN_CHARACTERS_MAX)


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
            if name in ("from", "to") and f"{name}_minor" in properties:
                return money(int(properties[f"{name}_minor"]), str(properties["currency"]))
            if name == "quantity":
                return number(int(properties.get("quantity", properties.get("units"))))
        except (KeyError, TypeError, ValueError):
            return "–"
        return word(str(properties.get(name) or "–"))
