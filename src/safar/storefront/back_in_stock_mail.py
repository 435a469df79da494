"""What is written to somebody who wants to know when something is back, in their language."""

from collections.abc import Sequence

from safar.channels.letters import LetterPart, MailKind, ShopLetter, plain_text
from safar.channels.model import EMAIL, Author, Outgoing
from safar.kernel import clock
from safar.kernel.i18n import N_, _, speaking
from safar.kernel.ids import derived_id
from safar.storefront.model import BackInStockRequest

CONFIRM = MailKind(
    "back-in-stock-confirm",
    N_("Back in stock: please confirm"),
    N_("Shall we e-mail you when “%(title)s” is back?"),
    N_("You asked us to e-mail you when “%(title)s” is back in stock. Please confirm:"),
    ("title",),
    N_("If this wasn’t you, simply ignore this e-mail. We won’t write again."),
)
TOLD = MailKind(
    "back-in-stock-told",
    N_("Back in stock"),
    N_("“%(title)s” is back in stock"),
    N_(
        "“%(title)s” is back in stock. There are only a few and we can’t reserve one, so don’t wait too long."
    ),
    ("title",),
    N_("This is the only e-mail you asked for. We won’t write again."),
)


def confirm_mail(waiting: BackInStockRequest, title: str, link: str) -> Outgoing:
    """Return the mail that asks whether it was them who asked; each time they ask, one."""
    with speaking(waiting.language):
        button = LetterPart("button", _("Yes, e-mail me"), link)
        return _mail(waiting, f"confirm {clock.now().isoformat()}", CONFIRM, title, [button])


def told_mail(waiting: BackInStockRequest, title: str, base: str) -> Outgoing:
    """Return the one mail that says that it is back."""
    link = f"{base}/p/{waiting.slug}?sku={waiting.sku}&lang={waiting.language}"
    with speaking(waiting.language):
        return _mail(waiting, "told", TOLD, title, [LetterPart("button", _("Buy now"), link)])


def _mail(
    waiting: BackInStockRequest, kind: str, words: MailKind, title: str, parts: Sequence[LetterPart]
) -> Outgoing:
    named = {"title": title}
    whole = [
        LetterPart("text", _("Hello,")),
        LetterPart("intro", _(words.intro) % named),
        *parts,
        LetterPart("closing", _(words.closing)),
    ]
    return Outgoing(
        message_id=derived_id("back in stock mail", waiting.id, kind),
        channel_id=EMAIL,
        author=Author.SHOP,
        customer_id=waiting.customer_id,
        campaign_id=waiting.campaign_id,
        address=waiting.email,
        subject=_(words.subject) % named,
        body=plain_text(whole),
        language=waiting.language,
        letter=ShopLetter(words.key, named, whole),
    )
