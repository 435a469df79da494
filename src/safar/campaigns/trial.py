"""The message of a campaign before it goes to customers: as its page shows it, and as a test mail."""

from safar.campaigns import mail
from safar.campaigns.letter import letter_of_campaign
from safar.campaigns.model import Campaign
from safar.campaigns.reading import offers_of
from safar.channels.actions import queue_many
from safar.channels.model import EMAIL, Author, Outgoing
from safar.kernel.context import Context
from safar.kernel.database import Connection
from safar.kernel.i18n import LANGUAGES, _
from safar.kernel.ids import new_id
from safar.kernel.web.actor import Actor
from safar.owner.reading import shop_with


async def facts_of(connection: Connection, context: Context, campaign: Campaign) -> mail.Facts | None:
    """Return what a campaign's message may speak of; None when its product is gone."""
    offer = (await offers_of(connection, [campaign.variant_id])).get(campaign.variant_id)
    if offer is None:
        return None
    return mail.Facts(
        offer,
        campaign.units_offered,
        campaign.reply_seconds,
        (await shop_with(connection)).name,
        context.settings.language,
    )


async def shown(
    connection: Connection, context: Context, campaign: Campaign
) -> list[tuple[str, mail.Written]]:
    """Return the message as an example customer gets it, with the name of each language it is in."""
    facts = await facts_of(connection, context, campaign)
    if facts is None or mail.template_problems(campaign.subject, campaign.body, facts):
        return []
    written = mail.examples(campaign.subject, campaign.body, facts, LANGUAGES)
    return [(LANGUAGES[code], one) for code, one in written]


async def send_test(connection: Connection, context: Context, campaign: Campaign, actor: Actor) -> int:
    """Mail the message to the member of staff who asks, once in each language; return how many.

    It looks as the real one does. Its link leads to the product and is counted nowhere.
    """
    facts = await facts_of(connection, context, campaign)
    if facts is None:
        return 0
    base = context.settings.public_url.rstrip("/")
    link = f"{base}/p/{facts.offer.slug}"
    outgoing = []
    for language in campaign.subject:
        written = mail.write_mail(
            campaign.subject,
            campaign.body,
            facts,
            name=actor.name,
            language=language,
            link=link,
            unsubscribe=f"{base}/unsubscribe/…",
        )
        outgoing.append(
            Outgoing(
                message_id=new_id(),
                channel_id=EMAIL,
                author=Author.SHOP,
                customer_id=None,
                staff_id=actor.id,
                address=actor.email,
                subject=_("Test: %(subject)s", subject=written.subject),
                body=written.body,
                language=written.language,
                unsubscribe_url=f"{base}/",
                letter=letter_of_campaign(written.said, written.language, facts.offer, link),
            )
        )
    await queue_many(connection, outgoing)
    return len(outgoing)
