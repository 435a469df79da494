"""What staff set on a site besides its capacity; each is an event with who did it."""

from collections.abc import Mapping
from uuid import UUID

from psycopg.types.json import Jsonb

from safar.capacity.actions import open_account
from safar.gate.site.events import record
from safar.gate.site.sites import QUERIES, lock_site
from safar.gate.tickets.model import ACCOUNT_KIND, Invitation, Mode, Site
from safar.kernel.database import Connection, execute


async def set_mode(connection: Connection, key: str, mode: Mode, *, staff_id: UUID) -> None:
    """Hold the queue, drain it, or let it go on."""
    site = (await lock_site(connection, key)).site
    if site.mode != mode:
        await execute(connection, QUERIES["set_mode"], {"id": site.id, "mode": mode})
        details = {"before": site.mode, "mode": mode, "waiting": site.waiting}
        await record(connection, "site.mode_changed", site, staff_id, details)


async def set_pace(connection: Connection, key: str, per_minute: int | None, *, staff_id: UUID) -> None:
    """Let in at most so many a minute, however many places are free; None: as many as there are places."""
    site = (await lock_site(connection, key)).site
    await execute(connection, QUERIES["set_pace"], {"id": site.id, "pace_per_minute": per_minute})
    details = {"before": site.pace_per_minute, "per_minute": per_minute}
    await record(connection, "site.pace_changed", site, staff_id, details)


async def set_message(
    connection: Connection, key: str, message: Mapping[str, str], *, staff_id: UUID
) -> None:
    """Say something to those who wait, by language; nothing when empty."""
    site = (await lock_site(connection, key)).site
    texts = {language: text for language, text in message.items() if text}
    await execute(connection, QUERIES["set_message"], {"id": site.id, "message": Jsonb(texts)})
    await record(connection, "site.message_changed", site, staff_id, {"languages": sorted(texts)})


async def set_work(connection: Connection, key: str, work: bool, *, staff_id: UUID) -> None:
    """Ask every browser that wants a number for a small proof of work, or do not."""
    site = (await lock_site(connection, key)).site
    await execute(connection, QUERIES["set_work"], {"id": site.id, "work": work})
    await record(connection, "site.work_changed", site, staff_id, {"work": work})


async def set_adaptive(
    connection: Connection, key: str, adaptive: bool, *, least: int, most: int, staff_id: UUID
) -> None:
    """Let the capacity follow the measured latency between two bounds, from what it is now."""
    site = (await lock_site(connection, key)).site
    params = {"id": site.id, "adaptive": adaptive, "least": least, "most": most}
    await execute(connection, QUERIES["set_adaptive"], params)
    details = {"adaptive": adaptive, "least": least, "most": most}
    await record(connection, "site.adaptive_changed", site, staff_id, details)


async def set_invited(connection: Connection, key: str, percent: int, *, staff_id: UUID) -> None:
    """Keep a share of the capacity for personal invitations."""
    site = (await lock_site(connection, key)).site
    account_id = site.invited_account_id
    if account_id is None:
        account_id = await open_account(connection, ACCOUNT_KIND, f"{site.key}.invited")
    params = {"id": site.id, "percent": percent, "account_id": account_id}
    await execute(connection, QUERIES["set_invited"], params)
    details = {"before": site.invited_percent, "percent": percent}
    await record(connection, "site.invited_changed", site, staff_id, details)


async def note_invitation(
    connection: Connection, site: Site, invitation: Invitation, *, staff_id: UUID
) -> None:
    """Write down that somebody of the staff has made an invitation."""
    details = {"invitation": invitation.id, "expires_at": invitation.expires_at}
    await record(connection, "site.invitation_made", site, staff_id, details)
