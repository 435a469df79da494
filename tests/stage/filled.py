"""A shop in the middle of a day, written straight into the tables of the rooms.

Today only reads. Columns that do not matter to it are filled with something of their type, so that the rooms
may go on changing theirs.
"""

from datetime import timedelta
from typing import Any

from safar.capacity.actions import OnHandChange, change_many, open_account
from safar.channels.actions import ensure_channels, note_trouble
from safar.channels.model import EMAIL
from safar.gate.site.sites import ensure_site
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Connection
from safar.kernel.ids import new_id

_OF_TYPE: dict[str, Any] = {
    "text": "", "bigint": 1, "integer": 1, "jsonb": "{}", "bytea": b"", "boolean": False,
}  # fmt: skip


async def insert(connection: Connection, table: str, **values: Any) -> Any:
    """Write one row; columns that must not be null and have no default get something. Returns its id."""
    cursor = await connection.execute(
        "SELECT column_name, data_type FROM information_schema.columns"
        " WHERE table_name = %s AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'",
        [table],
    )
    for name, kind in await cursor.fetchall():
        fallback = {"uuid": new_id(), "timestamp with time zone": clock.now(), **_OF_TYPE}[kind]
        values.setdefault(name, fallback)
    columns = ", ".join(values)
    places = ", ".join(f"%({name})s" for name in values)
    await connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({places})".encode(), values)
    return values.get("id")


async def fill(context: Context) -> None:
    """Write one running campaign, orders of today and of before, a waiting customer, and failures."""
    now = clock.now()
    async with context.database.transaction() as connection:
        await ensure_channels(connection)
        await ensure_site(connection, "shop", 40)
        account = await open_account(connection, "units", "v:l")
        await change_many(connection, [OnHandChange(account, 12)])
        anna = await insert(connection, "customers", name="Anna", language="en")
        ben = await insert(connection, "customers", name="Ben", language="en")
        lamp = await insert(connection, "products", slug="lamp", title="Paper lamp")
        variant = await insert(connection, "variants", product_id=lamp, sku="L1")
        place = await insert(connection, "stock_locations", name="Spring", kind="allocation")
        await insert(connection, "stock_levels", variant_id=variant, location_id=place, account_id=account)
        campaign = await insert(
            connection,
            "campaigns",
            name="Spring <b>",
            state="sending",
            variant_id=variant,
            location_id=place,
            units_offered=20,
            started_at=now,
        )
        for customer, state in ((anna, "sent"), (ben, "planned")):
            await insert(connection, "sends", campaign_id=campaign, customer_id=customer, state=state)
        for state, at in (("confirmed", now), ("shipped", now - timedelta(days=2)), ("cancelled", now)):
            await insert(
                connection,
                "orders",
                state=state,
                customer_id=anna,
                total_minor=1250,
                currency="GBP",
                placed_at=at,
                confirmed_at=at,
            )
        await insert(
            connection,
            "conversations",
            customer_id=anna,
            state="open",
            with_staff=True,
            last_channel_id=EMAIL,
            last_author="customer",
            waiting_since=now - timedelta(minutes=5),
        )
        await insert(
            connection,
            "messages",
            channel_id=EMAIL,
            direction="out",
            author="bot",
            customer_id=anna,
            state="failed",
            ended_at=now,
        )
        await insert(connection, "journal_failures", subscriber="promises", event_id=7, error="boom")
        await note_trouble(connection, EMAIL, "connection refused")
