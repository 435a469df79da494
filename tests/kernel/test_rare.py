"""What changes rarely is kept by a process until somebody changes it, whoever that is and however."""

from contextlib import suppress

from safar.catalogue.actions import VARIANTS, set_price
from safar.kernel.context import Context, make_context
from safar.kernel.database import Connection, Database, execute, transaction, value
from safar.kernel.rare import known, version_now
from safar.pricing.rules import RULES, rules_of
from safar.settings import Settings
from tests.stage.prices import STAFF
from tests.stage.shop import MUG, shop

__all__ = ["shop"]

# With a column of each.
_TABLES = {
    "products": "id",
    "variants": "id",
    "product_words": "product_id",
    "variant_prices": "variant_id",
    "catalogue_rates": "currency",
    "kit_parts": "kit_id",
    "stock_locations": "id",
    "tax_countries": "country",
    "shipping_zones": "id",
    "shipping_methods": "id",
}
_WRITES = (
    "INSERT INTO {table} ({column}) SELECT {column} FROM {table} WHERE false",
    "UPDATE {table} SET {column} = {column} WHERE false",
    "DELETE FROM {table} WHERE false",
    "TRUNCATE {table} CASCADE",
)


class _Undone(Exception):
    pass


async def price_now(connection: Connection) -> int:
    return (await known(connection, await version_now(connection), VARIANTS, [MUG]))[MUG].price_minor


async def test_every_write_to_a_table_that_is_kept_moves_the_version(database: Database) -> None:
    async with database.connection() as connection:
        for table, column in _TABLES.items():
            for write in _WRITES:
                before = await version_now(connection)
                await connection.execute(write.format(table=table, column=column).encode())
                assert await version_now(connection) != before, write.format(table=table, column=column)


async def test_what_is_kept_is_not_read_again_until_it_changes(shop: None, database: Database) -> None:
    async with database.connection() as connection:
        version = await version_now(connection)
        first = (await known(connection, version, VARIANTS, [MUG]))[MUG]
        assert (await known(connection, version, VARIANTS, [MUG]))[MUG] is first
        await execute(connection, "UPDATE variants SET price_minor = 7 WHERE id = %s", [MUG])
        assert (await known(connection, version, VARIANTS, [MUG]))[MUG] is first  # as that moment had it
        assert await price_now(connection) == 7


async def test_two_processes_see_each_others_changes_and_none_that_was_undone(
    shop: None, context: Context, settings: Settings, database_url: str
) -> None:
    other = make_context(settings, database_url)
    await other.database.open()
    async with context.database.connection() as ours, other.database.connection() as theirs:
        assert await price_now(theirs) == 495
        with suppress(_Undone):
            async with transaction(ours):
                await set_price(ours, MUG, 500, staff_id=STAFF)
                assert await price_now(ours) == 500
                assert await price_now(theirs) == 495
                raise _Undone
        assert await price_now(ours) == await price_now(theirs) == 495
        async with transaction(ours):
            await set_price(ours, MUG, 600, staff_id=STAFF)
        assert await price_now(theirs) == 600
    await other.database.close()


async def test_changes_wait_for_no_other_and_the_numbers_stay_few(shop: None, context: Context) -> None:
    async with context.database.connection() as ours, context.database.connection() as theirs:
        before = await version_now(theirs)
        async with transaction(ours):
            await execute(ours, "UPDATE variants SET price_minor = 1 WHERE sku = 'MUG'")
            async with transaction(theirs):
                await execute(theirs, "SET LOCAL lock_timeout = 200")
                await execute(theirs, "UPDATE variants SET price_minor = 2 WHERE sku = 'CLOCK'")
            between = await version_now(theirs)
        seen = [before, between, await version_now(theirs)]
        for price in range(10, 300):
            await execute(theirs, "UPDATE variants SET price_minor = %s WHERE sku = 'CLOCK'", [price])
            seen.append(await version_now(theirs))
        assert len(set(seen)) == len(seen)
        assert await value(theirs, "SELECT count(*) FROM rare_changes") == 1


async def test_a_change_by_hand_is_noted_in_the_schema_of_its_table(database: Database) -> None:
    async with database.transaction() as connection:
        before = await version_now(connection)
        await execute(connection, "SET LOCAL search_path = pg_catalog")
        await execute(connection, "DELETE FROM public.tax_countries")
        await execute(connection, "SET LOCAL search_path = public")
        assert await version_now(connection) != before


async def test_a_cart_that_was_read_brings_the_rules_of_its_moment(shop: None, context: Context) -> None:
    old = await rules_of(context)
    async with context.database.connection() as connection:
        await execute(connection, "INSERT INTO tax_countries (country, included) VALUES ('IN', false)")
        assert await rules_of(context) is old  # nobody has compared: at most five seconds
        await known(connection, await version_now(connection), RULES, ["all"])
    assert await values_of_countries(context) == {"IN"}


async def values_of_countries(context: Context) -> set[str]:
    return set((await rules_of(context)).taxes)
