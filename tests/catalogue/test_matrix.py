"""Variants made from options and values, over real HTTP."""

import re

import httpx

from safar.catalogue.actions import variant_id_of
from safar.catalogue.articles import articles_of_product
from safar.catalogue.matrix import cells_of_matrix, values_typed
from safar.kernel.database import Database
from safar.stock.actions import ensure_locations
from tests.stage.catalogue import article, stored

_ASKED = {"name:0": "Colour", "values:0": "Red, Blue, red", "name:1": "Size", "values:1": "S، M"}


async def _variants(database: Database, path: str) -> dict[str, dict[str, str]]:
    async with database.connection() as connection:
        found = await articles_of_product(connection, (await stored(database, "MUG")).product.id)
    return {one.variant.sku: dict(one.variant.options) for one in found}


async def test_every_combination_is_made_at_once_and_the_first_variant_becomes_one_of_them(
    desk: httpx.AsyncClient, database: Database
) -> None:
    async with database.transaction() as connection:
        await ensure_locations(connection)
    path = f"/catalogue/products/{(await stored(database, 'MUG')).product.id}/matrix"
    shown = (await desk.get(path, params=_ASKED)).text
    assert re.findall(r'name="sku:\d" value="([^"]+)"', shown) == [
        "MUG-RED-S", "MUG-RED-M", "MUG-BLUE-S", "MUG-BLUE-M",
    ]  # fmt: skip
    form = {**_ASKED, "first": "0"}
    for number, sku in ((1, "MUG-RED-M"), (2, "MUG-BLUE-S"), (3, "MUG-BLUE-M")):
        form |= {
            f"make:{number}": "1",
            f"sku:{number}": sku,
            f"price:{number}": "4.95",
            f"units:{number}": "3",
        }
    made = await desk.post(path, data=form)
    assert made.status_code == 303, made.text
    assert await _variants(database, path) == {
        "MUG": {"Colour": "Red", "Size": "S"},
        "MUG-RED-M": {"Colour": "Red", "Size": "M"},
        "MUG-BLUE-S": {"Colour": "Blue", "Size": "S"},
        "MUG-BLUE-M": {"Colour": "Blue", "Size": "M"},
    }
    page = (await desk.get(path.removesuffix("/matrix"))).text
    assert f'<a href="/stock/{variant_id_of("MUG-BLUE-M")}">3</a>' in page
    again = (await desk.get(path)).text
    assert again.count("exists") >= 4
    assert "Create variants" not in again


async def test_a_matrix_that_is_wrong_makes_nothing(desk: httpx.AsyncClient, database: Database) -> None:
    path = f"/catalogue/products/{(await stored(database, 'MUG')).product.id}/matrix"
    good = {**_ASKED, "first": "0", "make:1": "1", "sku:1": "MUG-2", "price:1": "5"}
    for bad in (
        {"first": "9"},
        {"first": ""},
        {"make:1": ""},
        {"sku:1": "?!"},
        {"price:1": "x"},
        {"units:1": "-1"},
    ):
        assert (await desk.post(path, data={**good, **bad})).status_code == 422, bad
    assert (await desk.post(path, data={**good, "sku:1": "CLOCK"})).status_code == 409
    assert await _variants(database, path) == {"MUG": {}}


def test_what_is_there_is_found_whatever_the_case_and_order() -> None:
    red = article("TEA-1", options={"colour": "red"})
    cells = cells_of_matrix({"Colour": ["Red", "Blue"]}, [red], "TEA")
    assert [(cell.sku, cell.exists) for cell in cells] == [("TEA-1", True), ("TEA-BLUE", False)]
    assert values_typed(" Red ,red,, Blue ") == ["Red", "Blue"]
