"""The one mail that asks a mailbox whether it wants e-mails about offers."""

from safar.channels.model import EMAIL, Author, Outgoing
from safar.kernel.database import Connection
from safar.kernel.i18n import _, speaking
from safar.kernel.ids import derived_id
from safar.owner.reading import shop_with
from safar.storefront.newsletter.model import NewsletterRequest


async def sign_up_mail(connection: Connection, asked: NewsletterRequest, link: str) -> Outgoing:
    """Return the mail with the link to the page where the sign-up is confirmed."""
    shop = (await shop_with(connection)).name
    with speaking(asked.language):
        subject = _("Please confirm: e-mails from %(shop)s", shop=shop)
        parts = [
            _("Hello,"),
            _(
                "someone, probably you, asked for e-mails about offers from %(shop)s at this address.",
                shop=shop,
            ),
            _("If it was you, open this page and confirm:"),
            link,
            _("If it was not you, do nothing: you will get no e-mails."),
        ]
    return Outgoing(
        message_id=derived_id("newsletter mail", asked.id),
        channel_id=EMAIL,
        author=Author.SHOP,
        customer_id=asked.customer_id,
        address=asked.email,
        subject=subject,
        body="\n\n".join(parts) + "\n",
        language=asked.language,
    )
