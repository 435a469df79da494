"""What is written to somebody who wants to know when something is back, in their language."""

from safar.channels.model import EMAIL, Author, Outgoing
from safar.kernel import clock
from safar.kernel.i18n import _, speaking
from safar.kernel.ids import derived_id
from safar.storefront.model import BackInStockRequest


def confirm_mail(waiting: BackInStockRequest, title: str, link: str) -> Outgoing:
    """Return the mail that asks whether it was them who asked; each time they ask, one."""
    with speaking(waiting.language):
        parts = [
            _("Hello,"),
            _(
                "you asked us to tell you when “%(title)s” can be bought again. Please confirm it here:",
                title=title,
            ),
            link,
            _("If it was not you, do nothing: we write no more about it."),
        ]
        subject = _("Shall we tell you when “%(title)s” is back?", title=title)
    return _mail(waiting, f"confirm {clock.now().isoformat()}", subject, parts)


def told_mail(waiting: BackInStockRequest, title: str, base: str) -> Outgoing:
    """Return the one mail that says that it is back."""
    link = f"{base}/p/{waiting.slug}?sku={waiting.sku}&lang={waiting.language}"
    with speaking(waiting.language):
        parts = [
            _("Hello,"),
            _("“%(title)s” can be bought again:", title=title),
            link,
            _(
                "We tell as many people as there are units, but cannot keep one for you:"
                " it goes to whoever orders it first."
            ),
            _("This was the one message you asked for; we write no more about it."),
        ]
        subject = _("“%(title)s” is back", title=title)
    return _mail(waiting, "told", subject, parts)


def _mail(waiting: BackInStockRequest, kind: str, subject: str, parts: list[str]) -> Outgoing:
    return Outgoing(
        message_id=derived_id("back in stock mail", waiting.id, kind),
        channel_id=EMAIL,
        author=Author.SHOP,
        customer_id=waiting.customer_id,
        campaign_id=waiting.campaign_id,
        address=waiting.email,
        subject=subject,
        body="\n\n".join(parts) + "\n",
        language=waiting.language,
    )
