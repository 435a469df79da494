"""Reading campaigns: one, the newest, and what came of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from safar.campaigns.model import Audience, Campaign, Offer, Reach, Results, SendTally
from safar.catalogue.actions import variants_by_id
from safar.channels.model import EMAIL
from safar.kernel.database import Connection, row, rows, value
from safar.kernel.errors import NotFound
from safar.kernel.queries import queries_beside
from safar.stock.actions import MAIN, allocation_of, levels

QUERIES = queries_beside(__file__)
STARTS = queries_beside(__file__, "starts.sql")
_LISTED_MAX = 200


@dataclass(frozen=True, slots=True)
class _CampaignTally:
    campaign_id: UUID
    state: str
    count: int


async def get_campaign(connection: Connection, campaign_id: UUID) -> Campaign:
    """Return a campaign. Raises NotFound."""
    campaign = await row(Campaign, connection, QUERIES["campaign"], {"id": campaign_id})
    if campaign is None:
        raise NotFound
    return campaign


async def newest_campaigns(connection: Connection) -> list[Campaign]:
    """Return the newest campaigns."""
    return await rows(Campaign, connection, QUERIES["listed"], {"limit": _LISTED_MAX})


async def offers_of(connection: Connection, variant_ids: Iterable[UUID]) -> dict[UUID, Offer]:
    """Return what variants are called and cost."""
    offers = await rows(Offer, connection, QUERIES["offers"], {"ids": list(set(variant_ids))})
    return {offer.variant_id: offer for offer in offers}


async def is_published(connection: Connection, variant_id: UUID) -> bool:
    """Tell whether the shop shows and sells a variant: only then may it be offered."""
    variant = (await variants_by_id(connection, [variant_id])).get(variant_id)
    return variant is not None and variant.published


async def in_campaigns(connection: Connection, variant_ids: Iterable[UUID]) -> bool:
    """Tell whether a campaign, whatever became of it, offers one of these variants."""
    return bool(await value(connection, QUERIES["in_campaigns"], {"ids": list(variant_ids)}))


async def units_free(connection: Connection, variant_id: UUID) -> int:
    """Return the units that the main warehouse could set aside for a campaign now."""
    level = (await levels(connection, [variant_id])).get((variant_id, MAIN))
    return max(level.free, 0) if level else 0


async def tallies(connection: Connection, campaign_id: UUID) -> list[SendTally]:
    """Return the sends of a campaign, counted by state and reason."""
    return await rows(SendTally, connection, QUERIES["tallies"], {"campaign_id": campaign_id})


async def tallies_of_many(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """Return the sends of campaigns, counted by state."""
    counts: dict[UUID, dict[str, int]] = {campaign_id: {} for campaign_id in ids}
    for tally in await rows(_CampaignTally, connection, QUERIES["tallies_of_many"], {"ids": list(ids)}):
        counts[tally.campaign_id][tally.state] = tally.count
    return counts


async def results(connection: Connection, campaign_id: UUID) -> Results:
    """Return what came of a campaign so far; every surface shows these figures."""
    return (await results_of_many(connection, [campaign_id]))[campaign_id]


async def results_of_many(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Results]:
    """Return what came of campaigns so far."""
    found = await rows(Results, connection, QUERIES["results"], {"ids": list(ids)})
    return {one.campaign_id: one for one in found}


async def send_owner(connection: Connection, send_id: UUID) -> UUID | None:
    """Return whose send it is, under the profile they have now; None when there is none."""
    owner: UUID | None = await value(connection, QUERIES["send_owner"], {"id": send_id})
    return owner


async def audience_reach(connection: Connection, audience: Audience) -> Reach:
    """Return how many an audience has and how many of them may be written to, its limit not counted."""
    params = {"language": audience.language, "country": audience.country, "email": EMAIL}
    reach = await row(Reach, connection, QUERIES["reach"], params)
    assert reach is not None
    return reach


async def units_left(connection: Connection, campaign: Campaign) -> tuple[int, int]:
    """Return the units on hand in the campaign's allocation, and how many of them are held."""
    place = (campaign.variant_id, allocation_of(campaign.id))
    level = (await levels(connection, [campaign.variant_id])).get(place)
    return (level.on_hand, level.held) if level else (0, 0)
