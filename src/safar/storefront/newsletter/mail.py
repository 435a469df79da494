"""The one mail that asks a mailbox whether it wants e-mails about offers."""

from safar.channels.letters import LetterPart, MailKind, ShopLetter, plain_text
from safar.channels.model import EMAIL, Author, Outgoing
from safar.kernel.i18n import N_, _, speaking
from safar.kernel.ids import derived_id
from safar.storefront.newsletter.model import NewsletterRequest

SIGN_UP = MailKind(
    "newsletter-confirm",
    N_("Newsletter: please confirm"),
    N_("Please confirm: e-mails from %(shop)s"),
    N_(
        "Someone, probably you, asked for e-mails about offers from %(shop)s at this address."
        " If it was you, please confirm:"
    ),
    ("shop",),
    N_("If it wasn’t you, simply ignore this e-mail. You will get no e-mails about offers."),
)


def sign_up_mail(asked: NewsletterRequest, shop: str, link: str) -> Outgoing:
    """Return the mail with the link to the page where the sign-up is confirmed."""
    named = {"shop": shop}
    with speaking(asked.language):
        parts = [
            LetterPart("text", _("Hello,")),
            LetterPart("intro", _(SIGN_UP.intro) % named),
            LetterPart("button", _("Confirm on the next page"), link),
            LetterPart("closing", _(SIGN_UP.closing)),
        ]
        subject = _(SIGN_UP.subject) % named
    return Outgoing(
        message_id=derived_id("newsletter mail", asked.id),
        channel_id=EMAIL,
        author=Author.SHOP,
        customer_id=asked.customer_id,
        address=asked.email,
        subject=subject,
        body=plain_text(parts),
        language=asked.language,
        letter=ShopLetter(SIGN_UP.key, named, parts),
    )
