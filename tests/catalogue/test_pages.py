"""The catalogue's pages, as a manager and an agent use them over real HTTP."""

import io
import re

import httpx
from openpyxl import load_workbook
from PIL import Image

from safar.catalogue.actions import variant_id_of
from safar.front.build import build_front
from safar.kernel.context import Context
from safar.kernel.database import Database
from safar.stock.actions import ensure_locations
from tests.stage.catalogue import EAN, article, events, picture, saved, stored
from tests.stage.people import signed_in
from tests.stage.serving import Serve

MUG = variant_id_of("MUG")
FORM = {
    "title": "Lamp", "description": "Shines\r\nat night", "category": "lights", "sku": "lamp-1",
    "price": "4,95", "barcode": "036000291452", "weight_g": "350", "tax_class": "reduced", "published": "1",
}  # fmt: skip


async def product_path(database: Database, sku: str = "MUG") -> str:
    return f"/catalogue/products/{(await stored(database, sku)).product.id}"


async def test_a_product_is_made_changed_and_taken_out_of_the_shop(
    desk: httpx.AsyncClient, database: Database
) -> None:
    made = await desk.post("/catalogue/products", data=FORM)
    assert made.status_code == 303
    path = made.headers["location"].split("?")[0]
    lamp = await stored(database, "LAMP-1")
    assert lamp.product.description == "Shines\nat night"
    assert (lamp.variant.barcode, lamp.variant.price_minor, lamp.variant.tax_class) == (
        "0036000291452",
        495,
        "reduced",
    )
    assert "Lamp" in (await desk.get(path)).text
    words = {"title": "Big lamp", "category": "home", "title:fa": "چراغ", "description:fa": "روشن"}
    assert (await desk.post(path, data=words)).status_code == 303
    lamp = await stored(database, "LAMP-1")
    assert (lamp.product.title, lamp.product.words["fa"].title) == ("Big lamp", "چراغ")
    assert (await desk.post(f"{path}/withdrawal")).status_code == 303
    assert not (await stored(database, "LAMP-1")).product.published
    assert "hidden" in (await desk.get("/catalogue?state=hidden")).text
    assert "Big lamp" not in (await desk.get("/catalogue?state=published")).text
    assert (await desk.post(f"{path}/publication")).status_code == 303
    told = [
        name
        for name, _ in await events(
            database, "product.created", "product.changed", "product.hidden", "product.published"
        )
    ]
    assert told == ["product.created", "product.changed", "product.hidden", "product.published"]


async def test_a_product_begins_with_units_and_its_page_shows_them(
    desk: httpx.AsyncClient, database: Database
) -> None:
    async with database.transaction() as connection:
        await ensure_locations(connection)
    assert "Units in stock" in (await desk.get("/catalogue/new")).text
    assert (await desk.post("/catalogue/products", data={**FORM, "units": "-3"})).status_code == 422
    made = await desk.post("/catalogue/products", data={**FORM, "units": "۲۵"})
    page = (await desk.get(made.headers["location"])).text
    id_ = variant_id_of("LAMP-1")
    assert f'<a href="/stock/{id_}">25</a>' in page
    assert f"/stock/{id_}?do=receive#receive" in page
    plain = await desk.get(await product_path(database))
    assert f'<a href="/stock/{MUG}">0</a>' in plain.text


async def test_a_form_that_is_wrong_says_so_at_each_field_and_keeps_what_was_typed(
    desk: httpx.AsyncClient, database: Database
) -> None:
    wrong = {
        **FORM,
        "sku": "a/b",
        "price": "free",
        "barcode": "123",
        "category": "none",
        "title": "<b>Lamp</b>",
    }
    answer = await desk.post("/catalogue/products", data=wrong)
    assert answer.status_code == 422
    assert answer.text.count("is-invalid") == 4
    assert "&lt;b&gt;Lamp&lt;/b&gt;" in answer.text
    taken = await desk.post("/catalogue/products", data={**FORM, "sku": "mug"})
    assert taken.status_code == 409
    assert "belongs to another article" in taken.text
    assert (await stored(database, "MUG")).product.title == "Retrospot mug"


async def test_a_variant_is_added_and_changed_with_prices_options_and_parts(
    desk: httpx.AsyncClient, database: Database
) -> None:
    rates = {"currency:0": "EUR", "rate:0": "1,15", "round:0": "5"}
    assert (await desk.post("/catalogue/currencies", data=rates)).status_code == 303
    path = await product_path(database)
    red = {
        "variant_form": "1",
        "variant_published": "1",
        "sku": "MUG-R",
        "price": "5",
        "was_price": "6",
        "option_name:0": "Colour",
        "option_value:0": "Red",
        "price:EUR": "5.50",
        "tax_class": "zero",
        "weight_g": "300",
        "tracks_lots": "1",
    }
    assert "Empty: 5.70 by the rate" in (await desk.get(f"{path}/variants/new")).text
    first = {"first_value:0": "White"}
    assert (await desk.post(f"{path}/variants", data={**red, **first})).status_code == 303
    variant = (await stored(database, "MUG-R")).variant
    assert (variant.options, variant.was_minor, variant.tracks_lots) == ({"Colour": "Red"}, 600, True)
    assert variant.prices["EUR"].price_minor == 550
    here = f"/catalogue/variants/{variant.id}"
    bad = {**red, "was_price": "4", "option_value:0": "", "parts": "MUG-R"}
    answer = await desk.post(here, data=bad)
    assert answer.status_code == 422
    assert answer.text.count("invalid-feedback") == 3
    assert (
        await desk.post(here, data={**red, "parts": "MUG * 2\nBOWL", "tracks_lots": ""})
    ).status_code == 303
    assert (await stored(database, "MUG-R")).variant.parts == {"MUG": 2, "BOWL": 1}
    assert (await desk.post(here, data={**red, "parts": "NONE"})).status_code == 422
    assert (await desk.post(here, data={**red, "image": "0" * 32})).status_code == 422
    page = (await desk.get(here)).text
    assert re.search(r'name="price:EUR"[^>]* value="5.50"', page)
    assert "Retrospot mug" in page, "the part is named"


async def test_a_price_changes_for_managers_only_and_never_to_nonsense(
    desk: httpx.AsyncClient, context: Context
) -> None:
    path = f"/catalogue/{MUG}/price"
    assert (await desk.post(path, data={"price": "5,25"})).status_code == 303
    for bad in ("-1", "x", "1e400", "NaN", "1.005", "<b>", ""):
        answer = await desk.post(path, data={"price": bad})
        assert answer.status_code == 422
        assert "<b>" not in answer.text
    assert (await stored(context.database, "MUG")).variant.price_minor == 525
    assert len(await events(context.database, "price.changed")) == 1
    async with await signed_in(context, str(desk.base_url), "agent") as agent:
        assert (await agent.post(path, data={"price": "1"})).status_code == 403
        shown = (await agent.get(await product_path(context.database))).text
        assert "5.25" in shown
        assert "New price" not in shown


async def test_a_price_that_looks_like_a_slip_is_asked_about_and_every_change_can_be_undone(
    desk: httpx.AsyncClient, database: Database
) -> None:
    path = f"/catalogue/{MUG}/price"
    for odd in ("0", "495", "0.50"):
        asked = await desk.post(path, data={"price": odd, "seen": "495"})
        assert asked.status_code == 409, odd
        assert "That is a big step" in asked.text
        assert "Save anyway" in asked.text
    assert (await stored(database, "MUG")).variant.price_minor == 495
    done = await desk.post(path, data={"price": "495", "seen": "495", "sure": "1"}, follow_redirects=True)
    assert "£4.95</bdi> → <bdi>£495.00" in done.text
    undo = re.search(r'class="price-note".*?</form>', done.text, re.DOTALL)
    assert undo is not None
    form = dict(re.findall(r'name="(\w+)" value="([^"]*)"', undo.group()))
    back = await desk.post(path, data=form, follow_redirects=True)
    assert "£495.00</bdi> → <bdi>£4.95" in back.text
    assert (await stored(database, "MUG")).variant.price_minor == 495
    variant = {**FORM, "price": "0", "variant_form": "1"}
    here = f"/catalogue/variants/{MUG}"
    assert (await desk.post(here, data=variant)).status_code == 409
    assert (await desk.post(here, data={**variant, "sure": "1"})).status_code == 303


async def test_of_two_windows_the_second_is_told_what_the_first_has_saved(
    desk: httpx.AsyncClient, database: Database
) -> None:
    assert (await desk.post(f"/catalogue/{MUG}/price", data={"price": "5", "seen": "495"})).status_code == 303
    second = await desk.post(f"/catalogue/{MUG}/price", data={"price": "6", "seen": "495"})
    assert second.status_code == 409
    assert "has changed the price of MUG to £5.00 meanwhile" in second.text
    for path in (await product_path(database), f"/catalogue/variants/{MUG}"):
        mark = re.search(r'name="mark" value="(\w+)"', (await desk.get(path)).text)
        assert mark is not None
        form = {**FORM, "title": "First", "price": "5", "variant_form": "1", "mark": mark[1]}
        assert (await desk.post(path, data=form)).status_code == 303
        late = await desk.post(path, data={**form, "title": "Second", "weight_g": "1"})
        assert late.status_code == 409
        assert "Your input is kept" in late.text
        fresh = re.search(r'name="mark" value="(\w+)"', late.text)
        assert fresh is not None
        again = {**form, "title": "Second", "weight_g": "1", "mark": fresh[1]}
        assert (await desk.post(path, data=again)).status_code == 303
    assert (await stored(database, "MUG")).product.title == "Second"


async def test_who_may_not_change_a_product_reads_it_as_text(
    desk: httpx.AsyncClient, context: Context
) -> None:
    async with await signed_in(context, str(desk.base_url), "agent") as agent:
        page = (await agent.get(await product_path(context.database))).text
        assert "Retrospot mug" in page
        assert 'name="title"' not in page
        variant = (await agent.get(f"/catalogue/variants/{MUG}")).text
        assert "<fieldset disabled>" in variant
        assert "Only managers can change this." in variant


async def test_the_list_goes_on_from_page_to_page_and_shows_every_product_once(
    desk: httpx.AsyncClient, database: Database
) -> None:
    await saved(database, *(article(f"T{n:03}", f"Thing {n % 7}") for n in range(120)))
    seen: list[str] = []
    address = "/catalogue?q=thing"
    while address:
        page = (await desk.get(address)).text
        seen += re.findall(r'href="/catalogue/products/([0-9a-f-]{36})', page)
        older = re.search(r'rel="next" href="(\?[^"]+)"', page)
        address = "/catalogue" + older[1].replace("&amp;", "&") if older else ""
    assert len(seen) == len(set(seen)) == 120


async def test_a_scanned_barcode_leads_to_its_article(desk: httpx.AsyncClient, database: Database) -> None:
    await saved(database, article("SCAN", barcode=EAN))
    here = f"/catalogue/variants/{variant_id_of('SCAN')}"
    assert (await desk.get("/catalogue", params={"q": EAN})).headers["location"] == here
    assert (await desk.get("/catalogue/lookup", params={"code": "scan"})).headers["location"] == here
    found = await desk.get("/catalogue/lookup", params={"code": EAN}, headers={"accept": "application/json"})
    assert found.json()["sku"] == "SCAN"
    assert (await desk.get("/catalogue/lookup", params={"code": "nothing"})).status_code == 404


async def test_a_picture_is_taken_in_without_what_the_camera_wrote_and_served_for_ever(
    desk: httpx.AsyncClient, context: Context, serve: Serve
) -> None:
    path = await product_path(context.database)
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Secret camera", 6  # the maker; turned by 90 degrees
    files = [("file", ("a.jpg", picture(900, 600, exif=exif))), ("file", ("b.png", picture(64, 64, "PNG")))]
    assert (await desk.post(f"{path}/images/uploads", files=files)).status_code == 303
    product = (await stored(context.database, "MUG")).product
    shown = re.findall(r"/images/([0-9a-f]{32})/320.webp", (await desk.get(path)).text)
    digest = next(iter(dict.fromkeys(shown)))
    async with httpx.AsyncClient(base_url=await serve(build_front(context))) as front:
        for width, least in ((320, 320), (640, 600), (1280, 600)):
            served = await front.get(f"/images/{digest}/{width}.webp")
            assert served.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert served.headers["content-type"] == "image/webp"
            assert b"Secret" not in served.content
            with Image.open(io.BytesIO(served.content)) as image:
                assert image.size == (least, least * 3 // 2), "upright, and never larger than it was"
                assert not image.getexif()
        again = await front.get(f"/images/{digest}/320.webp", headers={"if-none-match": f'"{digest}-320"'})
        assert again.status_code == 304
        for other in (f"/images/{digest}/321.webp", f"/images/{'0' * 32}/320.webp", "/images/x/320.webp"):
            assert (await front.get(other)).status_code == 404
        drawn = await front.get(f"/drawn/{product.slug}.svg")
        assert drawn.headers["content-type"].startswith("image/svg+xml")
        assert "max-age=86400" in drawn.headers["cache-control"]
        second = list(dict.fromkeys(shown))[1]
        assert (await desk.post(f"{path}/images/{second}/first")).status_code == 303
        assert (await desk.post(f"{path}/images/{second}", data={"description": "A mug"})).status_code == 303
        assert 'alt="A mug"' in (await desk.get(path)).text
        async with context.database.connection() as connection:
            found = await connection.execute("SELECT image FROM products WHERE id = %s", [product.id])
            assert await found.fetchone() == (second,)
        assert (await desk.post(f"{path}/images/{digest}/remove")).status_code == 303
        async with context.database.connection() as connection:
            found = await connection.execute("SELECT count(*) FROM picture_files WHERE digest = %s", [digest])
            assert await found.fetchone() == (0,), "nobody shows it any more"


async def test_what_is_no_picture_or_too_much_of_one_is_refused(
    desk: httpx.AsyncClient, database: Database
) -> None:
    path = f"{await product_path(database)}/images/uploads"
    bomb = io.BytesIO()
    Image.new("1", (9000, 9000)).save(bomb, "PNG")
    for name, body, told in (
        ("<script>.jpg", b"GIF89a nonsense", "is not a picture"),
        ("bomb.png", bomb.getvalue(), "too many pixels"),
        ("dot.png", picture(2, 2, "PNG"), "too small"),
    ):
        answer = await desk.post(path, files={"file": (name, body)})
        assert answer.status_code == 422
        assert told in answer.text
        assert "<script>." not in answer.text
    assert (await desk.post(path, files={"file": ("big.jpg", b"x" * (10 * 2**20 + 1))})).status_code == 422
    assert (await desk.post(path, data={"file": "text"})).status_code == 422
    much = {"file": ("much.jpg", b"x" * 300_000)}
    assert (await desk.post(path, files=much)).status_code == 422, "larger than any other request may be"


async def test_a_file_is_looked_at_before_it_is_taken_over(
    desk: httpx.AsyncClient, database: Database
) -> None:
    body = b"sku,title,category,price\nMUG,<b>Mug</b>,kitchen,6\nNEW,New,home,x\n"
    looked = await desk.post("/catalogue/files/uploads", files={"file": ("<i>goods.csv", body)})
    path = looked.headers["location"]
    page = (await desk.get(path)).text
    assert "is not a price such as 4.95" in page
    assert "&lt;b&gt;Mug" in page, "all rows are shown, not the wrong ones only"
    wrong = (await desk.get(f"{path}/wrong.csv")).text
    assert "NEW,New,home,x," in wrong
    assert "is not a price" in wrong
    assert "Import 1 row, skip 1" in page
    assert "&lt;b&gt;Mug&lt;/b&gt;" in (await desk.get(f"{path}?rows=changed")).text
    assert (await stored(database, "MUG")).variant.price_minor == 495
    assert (await desk.post(path)).status_code == 303
    assert (await stored(database, "MUG")).variant.price_minor == 600
    assert "1 row imported on" in (await desk.get(path)).text
    assert (await desk.post(path)).status_code == 409, "a second click writes nothing"
    bad = await desk.post("/catalogue/files/uploads", files={"file": ("x.csv", b"title\nA\n")})
    assert bad.status_code == 422
    assert "must name the columns" in bad.text


async def test_the_catalogue_is_given_out_as_csv_and_xlsx(desk: httpx.AsyncClient) -> None:
    given = await desk.get("/catalogue/files/products.csv")
    assert given.headers["content-disposition"] == 'attachment; filename="products.csv"'
    assert given.content.startswith("\ufeffsku,product,title".encode())
    assert given.content.count(b"\r\n") == 4
    book = load_workbook(io.BytesIO((await desk.get("/catalogue/files/products.xlsx")).content))
    assert [row[0].value for row in book.worksheets[0].rows] == ["sku", "BOWL", "CLOCK", "MUG"]
    assert (await desk.get("/catalogue/files/products.pdf")).status_code == 404


async def test_categories_and_currencies_are_kept_and_nonsense_is_refused(
    desk: httpx.AsyncClient, database: Database
) -> None:
    new = {"key": "", "name:en": "Wooden toys", "name:fa": "اسباب‌بازی چوبی", "position": "۳"}
    assert (await desk.post("/catalogue/categories", data=new)).status_code == 303
    page = (await desk.get("/catalogue/categories")).text
    assert "wooden-toys" in page
    assert (await desk.post("/catalogue/categories", data={"name:en": "x" * 99})).status_code == 422
    assert (await desk.post("/catalogue/categories", data={"key": ""})).status_code == 422
    assert (await desk.post("/catalogue/categories/remove", data={"key": "kitchen"})).status_code == 409
    assert (await desk.post("/catalogue/categories/remove", data={"key": "wooden-toys"})).status_code == 303
    for bad in (
        {"currency:0": "XXY", "rate:0": "1"},
        {"currency:0": "GBP", "rate:0": "1"},
        {"currency:0": "EUR", "rate:0": "0"},
        {"currency:0": "EUR", "rate:0": "1e5"},
        {"currency:0": "EUR", "rate:0": "NaN"},
        {"currency:0": "EUR", "rate:0": "1", "round:0": "0"},
        {"currency:0": "EUR", "rate:0": "1", "currency:1": "EUR", "rate:1": "2"},
    ):
        assert (await desk.post("/catalogue/currencies", data=bad)).status_code == 422, bad
    assert await events(database, "rates.changed") == []
