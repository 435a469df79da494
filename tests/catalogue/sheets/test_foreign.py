"""Files of other shops are known by their headers and become rows of ours."""

from typing import Any

from safar.catalogue.sheets.rows import read_catalogue_rows

SHOPIFY = """\
Handle,Title,Body (HTML),Vendor,Type,Published,Option1 Name,\
Option1 Value,Variant SKU,Variant Grams,Variant Price,Variant Compare At Price,\
Variant Barcode,Image Src,Status
green-tea,Green tea,<p>Fresh &amp; mild.</p><p>100 g</p>,Acme,Tea,true,Size,Small,\
TEA-S,120.0,4.95,6.00,'5012345678900,https://x/1.jpg,active
green-tea,,,,,,,Large,TEA-L,320,9.95,,,,
green-tea,,,,,,,,,,,,,https://x/2.jpg,
cup,Cup,,Acme,Cups,false,Title,Default Title,CUP,300,7.00,7.00,,,draft
"""
WOO = """\
ID,Type,SKU,Name,Published,Description,Regular price,Sale price,Categories,Parent,\
Weight (kg),Attribute 1 name,Attribute 1 value(s)
7,variable,,Scarf,1,Soft,,,Clothes > Scarves,,,Colour,"Red, Blue"
8,variation,SC-R,Scarf - Red,1,,20.00,15.00,,id:7,0.2,Colour,Red
9,variation,SC-B,Scarf - Blue,1,,20.00,,,id:7,0.2,Colour,Blue
10,simple,HAT,Hat,0,Warm,12.00,,"Hats, Clothes",,0.15,,
"""


def read(text: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    table = read_catalogue_rows(text.encode(), "GBP", "en")
    assert "problem" not in table, table
    assert all(not problems for _number, _record, problems in table["rows"]), table["rows"]
    return table, {record["sku"]: {"row": number, **record} for number, record, _problems in table["rows"]}


def test_a_file_of_shopify_is_known_at_once() -> None:
    table, articles = read(SHOPIFY)
    assert table["from"] == "shopify"
    assert list(articles) == ["TEA-S", "TEA-L", "CUP"]
    small, large, cup = articles.values()
    assert (small["price"], small["was_price"], small["barcode"]) == (495, 600, "5012345678900")
    assert (small["weight_g"], small["options"], small["category"]) == (120, {"Size": "Small"}, "Tea")
    assert small["description"] == "Fresh & mild.\n100 g"
    assert (large["title"], large["product"], large["options"]) == (
        "Green tea",
        "green-tea",
        {"Size": "Large"},
    )
    assert (cup["published"], cup["options"], cup["was_price"]) == (False, {}, None)
    assert cup["row"] == 5, "a row keeps the number that the spreadsheet shows"


def test_a_file_of_woocommerce_is_known_at_once() -> None:
    table, articles = read(WOO)
    assert table["from"] == "woocommerce"
    assert list(articles) == ["SC-R", "SC-B", "HAT"]
    red, blue, hat = articles.values()
    assert (red["price"], red["was_price"], blue["price"], blue["was_price"]) == (1500, 2000, 2000, None)
    assert red["product"] == blue["product"]
    assert (red["title"], red["category"], red["weight_g"]) == ("Scarf", "Scarves", 200)
    assert (red["options"], blue["options"]) == ({"Colour": "Red"}, {"Colour": "Blue"})
    assert (hat["category"], hat["published"], hat["description"]) == ("Hats", False, "Warm")


def test_columns_by_other_names_are_ours_and_an_own_file_stays_as_it_is() -> None:
    table, articles = read('Article number,Name,Category,Price,EAN\nA1,Ant,Zoo,"1,234.50",5012345678900\n')
    assert table["from"] == ""
    assert articles["A1"]["price"] == 123450
    assert articles["A1"]["barcode"] == "5012345678900"
