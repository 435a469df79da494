"""Products that are archived, restored and deleted, as a manager does it over real HTTP."""

import httpx

from safar.catalogue.actions import variant_id_of, variants_by_id
from safar.front.build import build_front
from safar.kernel.context import Context
from safar.kernel.database import Database, execute, value
from safar.kernel.ids import new_id
from safar.stock.actions import ensure_locations
from tests.stage.catalogue import article, events, picture, saved, stored
from tests.stage.people import signed_in
from tests.stage.serving import Serve

MUG = variant_id_of("MUG")


async def path_of(database: Database, sku: str = "MUG") -> str:
    return f"/catalogue/products/{(await stored(database, sku)).product.id}"


async def test_an_archived_product_leaves_shop_search_sitemap_and_list_and_comes_back_as_it_was(
    desk: httpx.AsyncClient, context: Context, serve: Serve
) -> None:
    path = await path_of(context.database)
    async with httpx.AsyncClient(base_url=await serve(build_front(context)), follow_redirects=True) as front:
        slug = (await stored(context.database, "MUG")).product.slug
        assert "Retrospot mug" in (await front.get("/?q=retrospot")).text
        assert f"/p/{slug}" in (await front.get("/sitemap.xml")).text
        done = await desk.post(f"{path}/archiving", follow_redirects=True)
        assert "Archived: the product is no longer" in done.text
        assert f'action="{path}/restoration"' in done.text
        assert (await front.get(f"/p/{slug}")).status_code == 404
        assert f"/p/{slug}" not in (await front.get("/?q=retrospot+mug")).text
        assert f"/p/{slug}" not in (await front.get("/sitemap.xml")).text
    async with context.database.connection() as connection:
        assert not (await variants_by_id(connection, [MUG]))[MUG].published, "so no order takes it"
    assert path not in (await desk.get("/catalogue")).text
    assert path in (await desk.get("/catalogue?state=archived")).text
    assert (await desk.post(f"{path}/publication")).status_code == 409
    await saved(context.database, article("MUG", "Retrospot mug", published=True))
    assert not (await stored(context.database, "MUG")).product.published, "an import does not publish it"
    back = await desk.post(f"{path}/restoration", follow_redirects=True)
    assert "Restored." in back.text
    assert (await stored(context.database, "MUG")).product.published
    assert path in (await desk.get("/catalogue")).text
    names = [name for name, _ in await events(context.database, "product.archived", "product.restored")]
    assert names == ["product.archived", "product.restored"]


async def test_what_was_hidden_when_it_was_archived_comes_back_hidden(
    desk: httpx.AsyncClient, database: Database
) -> None:
    path = await path_of(database)
    for deed in ("withdrawal", "archiving", "archiving", "restoration"):
        assert (await desk.post(f"{path}/{deed}")).status_code == 303
    assert not (await stored(database, "MUG")).product.published
    assert len(await events(database, "product.archived")) == 1, "a second click is nothing"


async def test_what_nothing_refers_to_is_deleted_with_all_that_is_its_own(
    desk: httpx.AsyncClient, context: Context
) -> None:
    database, path = context.database, await path_of(context.database)
    await desk.post(f"{path}/images/uploads", files={"file": ("a.jpg", picture())})
    async with await signed_in(context, str(desk.base_url), "agent") as agent:
        assert (await agent.post(f"{path}/deletion")).status_code == 403
    assert (await desk.post(f"{path}/deletion")).status_code == 303
    assert (await desk.get(path)).status_code == 404
    async with database.connection() as connection:
        for table in ("pictures", "picture_files", "product_images"):
            assert await value(connection, f"SELECT count(*) FROM {table}") == 0, table
    told = await events(database, "product.deleted")
    assert told[0][1]["skus"] == ["MUG"]
    await saved(database, article("MUG", "Another mug"))
    assert (await stored(database, "MUG")).product.title == "Another mug", "the number is free again"


async def test_what_is_in_stock_a_cart_or_a_kit_is_not_deleted_and_says_why(
    desk: httpx.AsyncClient, database: Database
) -> None:
    async with database.transaction() as connection:
        await ensure_locations(connection)
    path = await path_of(database, "BOWL")
    await saved(database, article("SET", "Set", parts={"BOWL": 2}))
    refused = await desk.post(f"{path}/deletion")
    assert refused.status_code == 409
    assert "it is part of a kit" in refused.text
    assert "Archive it instead" in refused.text
    assert (await desk.post(f"{await path_of(database, 'SET')}/deletion")).status_code == 303
    cart = new_id()
    async with database.transaction() as connection:
        params = {"cart": cart, "customer": new_id(), "variant": variant_id_of("BOWL")}
        await execute(
            connection,
            "INSERT INTO carts (id, customer_id, created_at, changed_at)"
            " VALUES (%(cart)s, %(customer)s, now(), now())",
            params,
        )
        await execute(
            connection,
            "INSERT INTO cart_lines (cart_id, variant_id, quantity, price_minor, added_at)"
            " VALUES (%(cart)s, %(variant)s, 1, 495, now())",
            params,
        )
    assert "in a customer’s cart" in (await desk.post(f"{path}/deletion")).text
    form = {"title": "Lamp", "category": "lights", "sku": "LAMP", "price": "5", "units": "3"}
    made = await desk.post("/catalogue/products", data=form)
    lamp = made.headers["location"].split("?")[0]
    assert "it has stock" in (await desk.post(f"{lamp}/deletion")).text
    assert (await stored(database, "BOWL")).product.title == "Bowl", "nothing was half deleted"
