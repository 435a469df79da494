"""A campaign before it starts: written, changed, deleted. Everything is checked when it is saved."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from safar.campaigns import mail
from safar.campaigns.actions import lock_campaign
from safar.campaigns.errors import CampaignUnderWay
from safar.campaigns.model import CampaignDraft
from safar.campaigns.reading import QUERIES, is_published, offers_of, units_free
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, execute
from safar.kernel.errors import InvalidInput
from safar.kernel.i18n import _, number


async def create_campaign(
    connection: Connection,
    draft: CampaignDraft,
    *,
    shop_name: str = "",
    language: str = "en",
    staff_id: UUID | None = None,
) -> UUID:
    """Write a campaign that is not started; `language` is the shop's.

    Raises InvalidInput for a variant that is not there or not published, more units than are free, or
    templates that are wrong.
    """
    await _check(connection, draft, shop_name, language)
    if await execute(connection, QUERIES["insert"], _values(draft)):
        await append_many(connection, [_event("campaign.created", draft.campaign_id, staff_id)])
    return draft.campaign_id


async def change_campaign(
    connection: Connection,
    draft: CampaignDraft,
    *,
    shop_name: str = "",
    language: str = "en",
    staff_id: UUID | None = None,
) -> UUID:
    """Write a draft anew. Raises CampaignUnderWay, NotFound, InvalidInput as `create_campaign`."""
    await _lock_draft(connection, draft.campaign_id)
    await _check(connection, draft, shop_name, language)
    await execute(connection, QUERIES["change_draft"], _values(draft))
    await append_many(connection, [_event("campaign.changed", draft.campaign_id, staff_id)])
    return draft.campaign_id


async def delete_campaign(connection: Connection, campaign_id: UUID, *, staff_id: UUID | None = None) -> None:
    """Delete a draft. Raises CampaignUnderWay, NotFound."""
    await _lock_draft(connection, campaign_id)
    await execute(connection, QUERIES["delete_draft"], {"id": campaign_id})
    await append_many(connection, [_event("campaign.deleted", campaign_id, staff_id)])


async def _lock_draft(connection: Connection, campaign_id: UUID) -> None:
    campaign = await lock_campaign(connection, campaign_id)
    if campaign.state != "draft":
        raise CampaignUnderWay


async def _check(connection: Connection, draft: CampaignDraft, shop_name: str, language: str) -> None:
    offer = (await offers_of(connection, [draft.variant_id])).get(draft.variant_id)
    if offer is None:
        raise InvalidInput(variant_id=_("Choose the product that is offered."))
    if not await is_published(connection, draft.variant_id):
        raise InvalidInput(
            variant_id=_("This product is not published. Publish it in the catalogue before you offer it.")
        )
    facts = mail.Facts(offer, draft.units, draft.reply_seconds, shop_name, language)
    problems = mail.template_problems(draft.subject, draft.body, facts)
    free = await units_free(connection, draft.variant_id)
    if draft.units > free:
        problems["units"] = _("Only %(free)s are free in the warehouse.", free=number(free))
    if problems:
        raise InvalidInput(**problems)


def _values(draft: CampaignDraft) -> dict[str, Any]:
    return asdict(draft) | {
        "audience": Jsonb(asdict(draft.audience)),
        "subject": Jsonb({language: text for language, text in draft.subject.items() if text}),
        "body": Jsonb({language: text for language, text in draft.body.items() if text}),
        "now": clock.now(),
    }


def _event(name: str, campaign_id: UUID, staff_id: UUID | None) -> Event:
    return Event(name=name, campaign_id=campaign_id, subject_id=campaign_id, staff_id=staff_id)
