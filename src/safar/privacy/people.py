"""A person's right to see what is kept of them, and to have it taken away.

What stays after an erasure: that there was somebody with this number and what they did (events, sends,
holds, without a word of theirs or an address), and of confirmed orders the name and address for as long as
the tax law wants the books kept (`order_years`); payments name nobody but the payer whom a bank named.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from safar.inbox.occupancy import let_go_of
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, execute, value, values
from safar.kernel.queries import queries_beside
from safar.privacy.errors import OrderUnderWay, UnknownPerson

QUERIES = queries_beside(__file__)
# Words in events that say who somebody is. Events should hold none; those that do lose them.
PERSONAL = ("email", "name", "address", "phone", "text", "subject", "body", "note")
_KEPT = (
    "customers", "identities", "claims", "consents", "consent_records",
    "newsletter_requests", "orders", "order_lines", "payments", "documents",
    "returns", "notes", "inbox_notes",
    "messages", "message_parts", "carts", "wishes", "requests", "sends", "events",
)  # fmt: skip
_ERASED = (
    "events", "message_parts", "message_notices", "messages", "inbox_notes", "drafts", "conversations",
    "contact", "notes",
    "orders", "documents", "returns", "cart_lines",
    "carts",
    "wishlist_items", "wishlists", "requests", "envelopes", "readers", "claims", "consents",
    "consent_records", "newsletter_requests", "gone_addresses",
    "identities", "customers",
)  # fmt: skip


async def find_person(connection: Connection, named: str) -> UUID:
    """Return the customer with this number or address. Raises UnknownPerson."""
    try:
        customer_id: UUID | None = UUID(named)
    except ValueError:
        address = named.strip().lower()
        customer_id = await value(connection, QUERIES["by_address"], {"address": address})
    if customer_id is None or not await _person(connection, customer_id):
        raise UnknownPerson
    return customer_id


async def export(connection: Connection, customer_id: UUID, *, staff_id: UUID | None) -> dict[str, Any]:
    """Return everything that is kept of a person, by what it is; JSON-able. Writes customer.exported."""
    ids = await _person(connection, customer_id)
    if not ids:
        raise UnknownPerson
    found: dict[str, Any] = {}
    async with connection.cursor(row_factory=dict_row) as cursor:
        for what in _KEPT:
            await cursor.execute(QUERIES[f"kept_{what}"], {"ids": ids})
            found[what] = [_plain(record) for record in await cursor.fetchall()]
    await append_many(
        connection, [Event(name="customer.exported", staff_id=staff_id, subject_id=customer_id)]
    )
    return found


async def erase(
    connection: Connection, customer_id: UUID, *, staff_id: UUID | None, order_years: int
) -> dict[str, int]:
    """Take away who somebody is; return how many rows of each kind changed. Writes customer.erased.

    Raises UnknownPerson, and OrderUnderWay: a parcel needs its address. Twice is as good as once.
    """
    ids = await _person(connection, customer_id)
    if not ids:
        raise UnknownPerson
    await execute(connection, QUERIES["lock_person"], {"ids": ids})
    if await value(connection, QUERIES["under_way"], {"ids": ids}):
        raise OrderUnderWay
    addresses = await values(connection, QUERIES["addresses"], {"ids": ids})
    now = clock.now()
    params = {
        "ids": ids,
        "addresses": addresses,
        "now": now,
        "books_until": now - timedelta(days=366 * order_years),
        "personal": list(PERSONAL),
    }
    await let_go_of(connection, ids)
    changed = {what: await execute(connection, QUERIES[f"erase_{what}"], params) for what in _ERASED}
    event = Event(name="customer.erased", staff_id=staff_id, subject_id=customer_id)
    await append_many(connection, [event])
    return changed


async def _person(connection: Connection, customer_id: UUID) -> list[UUID]:
    return await values(connection, QUERIES["person"], {"id": customer_id})


def _plain(record: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is no data about a person but machinery: fingerprints, search words."""
    hidden = {"fingerprint", "search"}
    return {name: what for name, what in record.items() if name not in hidden}


def counted(changed: dict[str, int]) -> Sequence[str]:
    """Return what changed as lines, for the terminal."""
    return [f"{what.replace('_', ' ')}: {count}" for what, count in changed.items() if count]
