"""Sites: opening and removing them, and how they stand."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from safar.capacity.actions import OnHandChange, accounts, change_many, open_account
from safar.capacity.model import Account
from safar.gate.site.events import record
from safar.gate.tickets.errors import SiteTaken
from safar.gate.tickets.model import ACCOUNT_KIND, SHOP, GoodsRoom, Site, SiteFigures, SiteKind
from safar.kernel import clock
from safar.kernel.database import Connection, execute, row, rows
from safar.kernel.ids import derived_id
from safar.kernel.queries import queries_beside

QUERIES = queries_beside(__file__)
KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_PRODUCT_PREFIX = "p-"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSite:
    """A site to be opened; see Site for what belongs to which kind."""

    key: str
    capacity: int
    kind: SiteKind = SiteKind.SHOP
    title: str = ""
    path: str | None = None
    product_id: UUID | None = None
    url: str | None = None
    cookie_domain: str | None = None


def product_key(product_id: UUID) -> str:
    """Return the key of a product's own waiting room; no other site has such a key."""
    return f"{_PRODUCT_PREFIX}{product_id.hex}"


async def ensure_site(connection: Connection, key: str, capacity: int) -> Site:
    """Return the site `key`, opened with room for `capacity` visitors if there was none."""
    await _add(connection, NewSite(key=key, capacity=capacity))
    return await _existing(connection, key)


async def open_site(connection: Connection, new: NewSite, *, staff_id: UUID) -> Site:
    """Open a site, or one again that was removed; its counters go on. Raises SiteTaken."""
    if not await _add(connection, new):
        site = await _existing(connection, new.key)
        params = {
            "id": site.id,
            "capacity": new.capacity,
            "title": new.title,
            "url": new.url,
            "cookie_domain": new.cookie_domain,
        }
        if site.kind != new.kind or not await execute(connection, QUERIES["bring_back"], params):
            raise SiteTaken
    site = await _existing(connection, new.key)
    properties = {"kind": site.kind, "title": site.title, "capacity": site.capacity}
    await record(connection, "site.opened", site, staff_id, properties)
    return site


async def remove_site(connection: Connection, key: str, *, staff_id: UUID) -> None:
    """Take a room away: from now on nobody waits there. The shop itself always has its gate."""
    site = await _existing(connection, key)
    if site.key == SHOP or site.removed_at is not None:
        return
    await execute(connection, QUERIES["set_removed"], {"id": site.id, "removed_at": clock.now()})
    await record(connection, "site.removed", site, staff_id, {"title": site.title})


async def sites(connection: Connection) -> list[Site]:
    """Return every site that is in use, the shop first."""
    return await rows(Site, connection, QUERIES["sites"], {"keys": None})


async def goods_rooms(connection: Connection) -> dict[UUID, GoodsRoom]:
    """Return the waiting rooms before products, by product, as they stand now."""
    return {room.product_id: room for room in await rows(GoodsRoom, connection, QUERIES["goods_rooms"])}


async def site_figures(connection: Connection, key: str) -> SiteFigures | None:
    """Return how the site stands, without locking it."""
    site = await row(Site, connection, QUERIES["sites"], {"keys": [key]})
    return None if site is None else (await figures_of(connection, [site]))[0]


async def figures_of(connection: Connection, known_sites: Sequence[Site]) -> list[SiteFigures]:
    """Return how sites stand, in two statements however many they are."""
    ids = [site.account_id for site in known_sites]
    ids += [site.invited_account_id for site in known_sites if site.invited_account_id is not None]
    there = await accounts(connection, ids)
    return [_figures(site, there) for site in known_sites]


def _figures(site: Site, there: dict[int, Account]) -> SiteFigures:
    account = there[site.account_id]
    if site.invited_account_id is None:
        return SiteFigures(site, account.held, account.on_hand)
    invited = there[site.invited_account_id]
    return SiteFigures(site, account.held, account.on_hand, invited.held, invited.on_hand)


async def lock_site(connection: Connection, key: str) -> SiteFigures:
    """Return how the site stands, kept from changing except by visitors who leave."""
    figures = await lock_if_there(connection, key)
    if figures is None:
        raise LookupError(f"no site {key!r}; ensure_site opens it")
    return figures


async def lock_if_there(connection: Connection, key: str) -> SiteFigures | None:
    """As `lock_site`; None for a site that there is not."""
    site = await row(Site, connection, QUERIES["lock_site"], {"key": key})
    return None if site is None else (await figures_of(connection, [site]))[0]


async def note_units(connection: Connection, site_id: UUID, *, left: int, held: int) -> bool:
    """Write down what is left of a room's goods; return whether it changed."""
    params = {"id": site_id, "left": left, "held": held}
    return await execute(connection, QUERIES["note_units"], params) > 0


async def _add(connection: Connection, new: NewSite) -> bool:
    account_id = await open_account(connection, ACCOUNT_KIND, new.key)
    params = {
        "id": derived_id("site", new.key),
        "key": new.key,
        "account_id": account_id,
        "capacity": new.capacity,
        "now": clock.now(),
        "kind": new.kind,
        "title": new.title,
        "path": new.path,
        "product_id": new.product_id,
        "url": new.url,
        "cookie_domain": new.cookie_domain,
    }
    added = await execute(connection, QUERIES["add_site"], params) > 0
    if added:
        await change_many(connection, [OnHandChange(account_id, new.capacity)])
    return added


async def _existing(connection: Connection, key: str) -> Site:
    site = await row(Site, connection, QUERIES["sites"], {"keys": [key]})
    assert site is not None
    return site
