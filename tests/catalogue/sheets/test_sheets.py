"""The catalogue as a file: what goes out comes in again; what is wrong is said before anything is written."""

import asyncio
import csv
import io
import zipfile
from typing import Any

import pytest
from openpyxl import load_workbook

from safar.catalogue.model import Price, ProductWords
from safar.catalogue.sheets import actions, uploads
from safar.catalogue.sheets import rows as sheet_rows
from safar.catalogue.sheets.actions import catalogue_rows
from safar.catalogue.sheets.uploads import AlreadyWritten, rows_of, upload_of
from safar.kernel import sheets
from safar.kernel.apart import FileTooHard, apart
from safar.kernel.database import Database
from safar.kernel.sheets import UnreadableSheet
from tests.stage.catalogue import (
    EAN,
    article,
    events,
    looked_at,
    saved,
    stocked,
    stored,
    taken_over,
    workbook,
)


async def exported(database: Database) -> bytes:
    rows = [row async for chunk in catalogue_rows(database, "GBP", "en") for row in chunk]
    return b"".join(sheets.write_csv(rows))


async def test_what_is_exported_is_taken_in_again_and_changes_nothing(database: Database) -> None:
    await stocked(database)
    red = article(
        "LAMP-R",
        "=1+1",
        barcode=EAN,
        weight_g=350,
        options={"Colour": "Red"},
        was_minor=600,
        prices={"EUR": Price(550, None)},
        words={"fa": ProductWords("چراغ", "+ روشن")},
        description='-a\nb, "c"',
    )
    await saved(
        database, red, article("LAMP-B", of=red, options={"Colour": "Blue"}, parts={"MUG": 2, "BOWL": 1})
    )
    _upload, rows = await looked_at(database, (await exported(database)).decode())
    assert [(row.sku, row.outcome, list(row.notes)) for row in rows] == [
        (sku, "same", []) for sku in ("BOWL", "CLOCK", "LAMP-B", "LAMP-R", "MUG")
    ]


async def test_an_exported_file_runs_nothing_in_a_spreadsheet(database: Database) -> None:
    await saved(database, article("LAMP", '=HYPERLINK("http://evil")', description="@SUM(1)", weight_g=5))
    rows = list(csv.DictReader(io.StringIO((await exported(database)).decode("utf-8-sig"))))
    assert rows[0]["title"] == '\'=HYPERLINK("http://evil")'
    assert rows[0]["description"] == "'@SUM(1)"
    cells = [row async for chunk in catalogue_rows(database, "GBP", "en") for row in chunk]
    sheet: Any = load_workbook(io.BytesIO(sheets.write_xlsx(cells, "x"))).active
    title, price = sheet["C2"], sheet["F2"]
    assert (title.value, title.data_type) == ('=HYPERLINK("http://evil")', "s")
    assert price.data_type == "n"


async def test_a_file_makes_and_changes_articles_only_when_it_is_taken_over(database: Database) -> None:
    await stocked(database)
    upload_id, rows = await looked_at(
        database,
        "sku,title,category,price,product,options,title:fa,nonsense\n"
        "mug,Retrospot mug,kitchen,5.25,,,ماگ,x\n"
        "TEA-S,Tea,Cozinha,3,tea,Size: S,,\n"
        "TEA-L,Tea,kitchen,6,tea,Size: L,,\n",
    )
    assert [(row.number, row.sku, row.outcome) for row in rows] == [
        (2, "MUG", "changed"),
        (3, "TEA-S", "new"),
        (4, "TEA-L", "new"),
    ]
    assert ["price", "4.95", "5.25"] in rows[0].notes
    assert (await stored(database, "MUG")).variant.price_minor == 495
    async with database.connection() as connection:
        assert (await upload_of(connection, upload_id, "products")).columns["ignored"] == ["nonsense"]
    assert await taken_over(database, upload_id) == 3
    mug, small, large = [await stored(database, sku) for sku in ("MUG", "TEA-S", "TEA-L")]
    assert (mug.variant.price_minor, mug.product.words["fa"].title) == (525, "ماگ")
    assert small.product.id == large.product.id
    assert small.product.slug == "tea"
    with pytest.raises(AlreadyWritten):
        await taken_over(database, upload_id)
    assert [told["quantity"] for _, told in await events(database, "catalogue.imported")] == [3]
    assert len(await events(database, "price.changed")) == 1


async def test_every_row_says_what_is_wrong_with_it(database: Database) -> None:
    await stocked(database)
    await saved(database, article("SCANNED", barcode=EAN), article("KIT", parts={"MUG": 1}))
    _upload, rows = await looked_at(
        database,
        "sku,title,category,price,was_price,barcode,weight_g,published,options,parts,tax_class\n"
        ",A,home,1,,,,,,,\n"
        "A/B,A,home,1,,,,,,,\n"
        "A,,home,x,,123,heavy,perhaps,Red,*,vat\n"
        "B,B,home,5,4,5.01E+12,,,,,\n"
        "MUG,M,home,1,,,,,,,\n"
        "MUG,M,home,1,,,,,,,\n"
        f"C,C,home,1,,{EAN},,,,,\n"
        "D,D,home,1,,,,,,NONE,\n"
        "E,E,home,1,,,,,,KIT * 2,\n"
        "BOWL,E,home,1,,,,,,BOWL,\n",
    )
    told = {
        row.number: {(column, code) for column, code, _value in row.notes}
        for row in rows
        if row.outcome == "wrong"
    }
    assert told == {
        2: {("sku", "needed")},
        3: {("sku", "not_a_sku")},
        4: {
            ("title", "needed"),
            ("price", "not_a_price"),
            ("barcode", "not_a_barcode"),
            ("weight_g", "not_a_weight"),
            ("published", "not_yes_or_no"),
            ("options", "not_options"),
            ("parts", "not_parts"),
            ("tax_class", "not_a_tax_class"),
        },
        5: {("was_price", "was_not_more"), ("barcode", "barcode_rounded")},
        7: {("sku", "sku_twice")},
        8: {("barcode", "barcode_taken")},
        9: {("parts", "unknown_part")},
        10: {("parts", "kit_of_kits")},
        11: {("parts", "part_of_itself")},
    }


@pytest.mark.finding("goods-B")
async def test_a_price_with_two_readings_is_refused_and_new_prices_are_shown(database: Database) -> None:
    await stocked(database)
    _upload, rows = await looked_at(
        database,
        "sku;title;category;price;was_price;price:IRR\n"
        "TH-1;Tapete;home;2.500;;\nTH-2;Mesa;home;1.299,90;1,400.00;1,250,000\nTH-3;Copo;home;4.9500;;\n"
        "TH-4;Tea;home;4;;250,000\nMUG;Retrospot mug;kitchen;6;;\n",
    )
    assert [(row.outcome, [tuple(note) for note in row.notes]) for row in rows] == [
        ("wrong", [("price", "two_readings", "2.500: 2500.00 / 2.50")]),
        ("new", [("price", "", "1299.90"), ("was_price", "", "1400.00"), ("price:IRR", "", "1250000")]),
        ("wrong", [("price", "too_fine", "4.9500")]),
        ("wrong", [("price:IRR", "two_readings", "250,000: 250000 / 250")]),
        ("changed", [("price", "4.95", "6.00")]),
    ]


async def test_rows_of_one_product_must_agree_and_an_article_stays_with_its_product(
    database: Database,
) -> None:
    await stocked(database)
    _upload, rows = await looked_at(
        database,
        "sku,title,category,price,product\nT1,Tea,home,1,tea\nT2,Coffee,home,1,tea\nMUG,Mug,home,1,tea\n",
    )
    assert [(row.outcome, [note[:2] for note in row.notes]) for row in rows] == [
        ("new", [["price", ""]]),
        ("wrong", [["title", "product_differs"], ["options", "not_told_apart"]]),
        ("wrong", [["product", "other_product"]]),
    ]


async def test_a_kit_may_stand_above_its_parts_in_the_file(database: Database) -> None:
    upload_id, rows = await looked_at(
        database, "sku,title,category,price,parts\nSET,Set,home,9,CUP * 2\nCUP,Cup,home,5,\n"
    )
    assert [row.outcome for row in rows] == ["new", "new"]
    assert await taken_over(database, upload_id) == 2
    assert (await stored(database, "SET")).variant.parts == {"CUP": 2}


@pytest.mark.finding("security-10")
async def test_a_file_goes_on_after_a_break_where_it_stopped(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two variants of a product swap their sizes, far apart in the file; a kit stands above its parts."""
    monkeypatch.setattr(uploads, "CHUNK", 2)
    await stocked(database)
    small = article("TEA-S", "Tea", options={"Size": "S"}, barcode=EAN)
    await saved(database, small, article("TEA-L", of=small, options={"Size": "L"}))
    await saved(database, article("OLD-SET", parts={"MUG": 1}))
    upload_id, rows = await looked_at(
        database,
        "sku,title,category,price,options,parts,barcode\n"
        f"TEA-S,Tea,home,7,Size: L,,\nSET,Set,home,9,,CUP * 2,\nOLD-SET,Old,home,9,,CUP,\n"
        f"CUP,Cup,home,5,,,\nBOWL,Bowl,home,8,,,{EAN}\nTEA-L,Tea,home,7,Size: S,,\n",
    )
    assert [row.outcome for row in rows] == ["changed", "new", "changed", "new", "changed", "changed"]
    pieces, mark = 0, uploads.mark_until

    async def breaks(*arguments: Any, **named: Any) -> None:
        nonlocal pieces
        pieces += 1
        await mark(*arguments, **named)
        if pieces in (2, 4):
            raise asyncio.CancelledError

    monkeypatch.setattr(actions, "mark_until", breaks)
    with pytest.raises(asyncio.CancelledError):
        await taken_over(database, upload_id)
    assert (await stored(database, "TEA-S")).variant.options == {"Size": "L"}
    assert (await stored(database, "BOWL")).variant.barcode == EAN
    assert (await stored(database, "OLD-SET")).variant.parts == {"MUG": 1}
    assert await events(database, "catalogue.imported") == []
    with pytest.raises(asyncio.CancelledError):
        await taken_over(database, upload_id)
    assert await taken_over(database, upload_id) == 6
    assert (await stored(database, "TEA-L")).variant.options == {"Size": "S"}
    for kit, parts in (("SET", {"CUP": 2}), ("OLD-SET", {"CUP": 1})):
        assert (await stored(database, kit)).variant.parts == parts
    assert [told["quantity"] for _, told in await events(database, "catalogue.imported")] == [6]
    with pytest.raises(AlreadyWritten):
        await taken_over(database, upload_id)


@pytest.mark.finding("security-10")
async def test_a_product_that_cannot_be_written_any_more_does_not_hold_up_the_others(
    database: Database,
) -> None:
    upload_id, _rows = await looked_at(
        database, f"sku,title,category,price,barcode\nA,A,home,1,\nB,B,home,2,{EAN}\nC,C,home,3,\n"
    )
    await saved(database, article("OTHER", barcode=EAN))
    assert await taken_over(database, upload_id) == 2
    async with database.connection() as connection:
        wrong = await rows_of(connection, upload_id, ["wrong"], limit=9)
    assert [(row.sku, list(row.notes)) for row in wrong] == [("B", [["sku", "moved", ""]])]
    assert (await stored(database, "C")).variant.price_minor == 300


async def test_a_catalogue_larger_than_a_chunk_goes_in_and_out(database: Database) -> None:
    lines = "".join(f"S{n:04},Thing {n},home,{n % 50 + 1}.50\n" for n in range(700))
    upload_id, rows = await looked_at(database, "sku,title,category,price\n" + lines)
    assert len(rows) == 700
    assert await taken_over(database, upload_id) == 700
    assert (await exported(database)).count(b"\r\n") == 701


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "empty"), (b"\n\n", "empty"), (b"title,price\nA,1\n", "no_sku_column"), (b"sku\n", "empty"),
        (b"sku,SKU\nA,B\n", "column_twice"), (b"\x00\x01\x02", "not_a_sheet"),
        (b"PK\x03\x04rubbish", "not_a_sheet"), (b"sku" + b"," * 100 + b"x\n", "too_many_columns"),
        (b"sku\n" + b"A\n" * 60_001, "too_many_rows"), (b"x" * (16 * 2**20 + 1), "too_large"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_says_why(body: bytes, problem: str) -> None:
    assert sheet_rows.read_catalogue_rows(body, "GBP", "en") == {"problem": problem}


def test_files_of_every_spreadsheet_are_read() -> None:
    wanted = [["sku", "title", "price"], ["A", "چای", "4.5"]]
    assert sheets.read_table("\ufeffsku,title,price\r\nA,چای,4.5\r\n".encode()) == wanted
    assert sheets.read_table("sku;title;price\nA;چای;4.5".encode()) == wanted
    assert sheets.read_table("sku\ttitle\tprice\nA\tچای\t4.5".encode("utf-16")) == wanted
    assert sheets.read_table("sku,title\nA,Canção".encode("cp1252")) == [["sku", "title"], ["A", "Canção"]]
    for page, text in (
        ("cp1252", "Müller Straße, £5"),
        ("cp1250", "Żółta lampa, žluťoučký kůň"),
        ("cp1256", "چاي سبز تازه از لاهيجان"),
        ("cp1251", "Зелёный чай из гор"),
        ("mac_roman", "Café com açúcar e pão de ló"),
    ):
        assert sheets.read_table(f"sku;title\nA;{text}".encode(page))[1] == ["A", text], page
    assert sheets.read_table(workbook([["sku", "title", "price"], ["A", "چای", 4.5]])) == wanted
    assert sheets.read_table(workbook([["sku", "barcode", "x"], [1.0, 5012345678900, True]])) == [
        ["sku", "barcode", "x"],
        ["1", "5012345678900", "yes"],
    ]


def test_a_workbook_that_unfolds_too_far_is_not_unfolded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "_UNPACKED_BYTES_MAX", 4 * 2**20)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for number in range(5):
            packed.writestr(f"xl/worksheets/sheet{number}.xml", b"0" * 2**20)
    assert len(target.getvalue()) < 2**16
    with pytest.raises(UnreadableSheet, match="too_large"):
        sheets.read_table(target.getvalue())


async def test_a_file_is_read_in_a_process_apart_and_what_breaks_it_breaks_only_that() -> None:
    read = await apart("safar.catalogue.sheets.rows:read_catalogue_rows", b"sku\nA\n", "GBP", "en")
    assert read["rows"] == [[2, {"sku": "A"}, []]]
    with pytest.raises(FileTooHard):
        await apart("safar.catalogue.sheets.rows:no_such_function", b"")
