"""Reading what a forecast is made from: the accounts that a campaign draws on, and what others came to."""

from datetime import timedelta
from uuid import UUID

from safar.campaigns.forecast import Accounts, Outlook, Shown, forecast
from safar.campaigns.model import Audience, Offer
from safar.campaigns.reading import STARTS, audience_reach, units_free
from safar.campaigns.sending import site_flow
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Connection, row

_SETTLED = timedelta(days=1)
_CAMPAIGNS_MAX = 20


async def outlook_of(
    connection: Connection, context: Context, offer: Offer, units: int, audience: Audience
) -> Outlook:
    """Return what is expected of a campaign that offers so many units to an audience."""
    learned = {"before": clock.now() - _SETTLED, "limit": _CAMPAIGNS_MAX}
    shown = await row(Shown, connection, STARTS["shown_so_far"], learned)
    assert shown is not None
    accounts = await _accounts(connection, context, offer.variant_id, units, audience)
    return forecast(accounts, shown, offer.price_minor)


async def _accounts(
    connection: Connection, context: Context, variant_id: UUID, units: int, audience: Audience
) -> Accounts:
    reachable = (await audience_reach(connection, audience)).reachable
    site = await site_flow(connection, context.settings)
    return Accounts(
        people=min(reachable, audience.limit or reachable),
        units=units,
        units_free=await units_free(connection, variant_id),
        mails_per_hour=context.settings.mails_per_hour,
        site_free=max(site.places_free - site.waiting, 0) if site else None,
        site_per_s=site.admitted_per_s if site else 0.0,
    )
