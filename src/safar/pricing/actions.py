"""What managers set: taxes, shipping, discount codes. Every verb tells the journal who did it."""

import dataclasses
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from safar.capacity import actions as ledger
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, execute, row
from safar.kernel.ids import derived_id
from safar.pricing.discounts import USES_OF_CODE
from safar.pricing.errors import CodeTaken, UnknownCode, UnknownZone
from safar.pricing.model import Discount, ShippingMethod, Tax
from safar.pricing.rules import QUERIES, forget_rules


async def save_tax(connection: Connection, country: str, tax: Tax, *, staff_id: UUID) -> None:
    """Set how a country is taxed, "" for all without a row of their own. Writes tax.changed."""
    params = {
        "country": country,
        "included": tax.included,
        "shipping_class": tax.shipping_class,
        "rates": Jsonb(dict(tax.rates)),
    }
    await execute(connection, QUERIES["save_tax"], params)
    properties = {"country": country, "included": tax.included, "rates": dict(tax.rates)}
    await _tell(connection, "tax.changed", derived_id("tax", country), staff_id, properties)


async def remove_tax(connection: Connection, country: str, *, staff_id: UUID) -> None:
    """Let a country be taxed like all others. Writes tax.changed."""
    if await execute(connection, QUERIES["remove_tax"], {"country": country}):
        properties = {"country": country, "removed": True}
        await _tell(connection, "tax.changed", derived_id("tax", country), staff_id, properties)


async def save_zone(
    connection: Connection,
    zone_id: UUID,
    *,
    name: str,
    countries: list[str],
    postcodes: list[str],
    staff_id: UUID,
) -> None:
    """Write a shipping zone, new or changed. Writes shipping.changed."""
    params = {
        "id": zone_id,
        "name": name,
        "countries": sorted(set(countries)),
        "postcodes": postcodes,
        "now": clock.now(),
    }
    await execute(connection, QUERIES["save_zone"], params)
    await _tell(connection, "shipping.changed", zone_id, staff_id, {"zone": name})


async def remove_zone(connection: Connection, zone_id: UUID, *, staff_id: UUID) -> None:
    """Take a zone away with its methods. Writes shipping.changed. Raises UnknownZone."""
    if not await execute(connection, QUERIES["remove_zone"], {"id": zone_id}):
        raise UnknownZone
    await _tell(connection, "shipping.changed", zone_id, staff_id, {"removed": True})


async def save_method(
    connection: Connection, zone_id: UUID, method: ShippingMethod, *, active: bool, staff_id: UUID
) -> None:
    """Write a way to send within a zone, new or changed by its key. Writes shipping.changed."""
    params = {
        "id": derived_id("shipping method", zone_id, method.key),
        "zone_id": zone_id,
        "key": method.key,
        "names": Jsonb(dict(method.names)),
        "currency": method.currency,
        "active": active,
        "bands": Jsonb([dataclasses.asdict(band) for band in method.bands]),
        "free_from_minor": method.free_from_minor,
        "days_least": method.days_least,
        "days_most": method.days_most,
    }
    await execute(connection, QUERIES["save_method"], params)
    await _tell(connection, "shipping.changed", zone_id, staff_id, {"method": method.key})


async def remove_method(connection: Connection, zone_id: UUID, key: str, *, staff_id: UUID) -> None:
    """Take a way to send away. Writes shipping.changed."""
    if await execute(connection, QUERIES["remove_method"], {"zone_id": zone_id, "key": key}):
        await _tell(connection, "shipping.changed", zone_id, staff_id, {"method": key, "removed": True})


async def create_code(connection: Connection, discount: Discount, *, staff_id: UUID) -> None:
    """Write a new code; limited uses become units of a capacity account. Writes discount.created.

    Raises CodeTaken.
    """
    account_id = None
    if discount.uses_max is not None:
        keys = {discount.code: discount.uses_max}
        account_id = (await ledger.open_many(connection, USES_OF_CODE, keys))[discount.code]
    params = {**dataclasses.asdict(discount), "account_id": account_id, "now": clock.now()}
    if not await execute(connection, QUERIES["insert_code"], params):
        raise CodeTaken(code=discount.code)
    await _tell(connection, "discount.created", code_id(discount.code), staff_id, {"code": discount.code})


async def change_code(connection: Connection, discount: Discount, *, staff_id: UUID) -> None:
    """Change a code; uses that were taken or are held stay. Writes discount.changed.

    Raises UnknownCode, or BelowPromised when fewer uses are allowed than are taken already.
    """
    before = await row(Discount, connection, QUERIES["lock_code"], {"code": discount.code})
    if before is None:
        raise UnknownCode
    account_id = await _uses(connection, before, discount.uses_max)
    params = {**dataclasses.asdict(discount), "account_id": account_id}
    await execute(connection, QUERIES["change_code"], params)
    await _tell(connection, "discount.changed", code_id(discount.code), staff_id, {"code": discount.code})


async def _uses(connection: Connection, before: Discount, uses_max: int | None) -> int | None:
    """Return the account of the uses, set to a new limit; None without a limit.

    A limit that is set later counts from then on.
    """
    if uses_max is None:
        return None
    if before.account_id is not None:
        more = uses_max - (before.uses_max or 0)
        if more:
            await ledger.change_many(connection, [ledger.OnHandChange(before.account_id, more)])
        return before.account_id
    key = f"{before.code}/{clock.now().isoformat()}"
    return (await ledger.open_many(connection, USES_OF_CODE, {key: uses_max}))[key]


def code_id(code: str) -> UUID:
    """Return the id that stands for a code in the journal."""
    return derived_id("discount code", code)


async def _tell(
    connection: Connection, name: str, subject_id: UUID, staff_id: UUID, properties: Mapping[str, Any]
) -> None:
    forget_rules(connection)
    event = Event(name=name, staff_id=staff_id, subject_id=subject_id, properties=properties)
    await append_many(connection, [event])
