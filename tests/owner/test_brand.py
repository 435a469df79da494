"""The owner's brand: a logo, an icon and one colour, in which words can always be read."""

from io import BytesIO

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from safar.catalogue.pixels import marks
from safar.channels.design import mail_look
from safar.console.build import build_console
from safar.front.build import build_front
from safar.kernel.context import Context
from safar.owner.colour import CONTRAST_LEAST, FIRST_COLOUR, contrast, palette_of
from safar.owner.reading import shop_of
from tests.stage.catalogue import article, saved
from tests.stage.people import signed_in
from tests.stage.serving import Serve

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def drawn(width: int = 600, height: int = 120, mode: str = "RGBA") -> bytes:
    """Return a PNG with a bar on a transparent ground."""
    picture = Image.new(mode, (width, height), 0)
    ImageDraw.Draw(picture).rectangle((20, 20, width - 20, height - 20), fill=(200, 30, 60))
    target = BytesIO()
    picture.save(target, "PNG")
    return target.getvalue()


@given(COLOURS)
def test_words_in_and_on_any_colour_can_be_read_light_and_dark(colour: str) -> None:
    its = palette_of(colour)
    for words, grounds in [
        (its.on_fill, (its.fill, its.fill_deep)),
        (its.on_dark, (its.words_dark, its.words_dark_deep)),
        (its.words, ("#ffffff", "#fcfbf9", "#f4f1ed", its.wash)),
        (its.words_deep, ("#ffffff", "#f4f1ed", its.wash)),
        (its.words_dark, ("#141216", "#1d1a20", "#27232b", its.wash_dark)),
        ("#655c66", (its.wash,)),
        ("#b3aab3", (its.wash_dark,)),
        ("#ffffff", (its.words, its.words_deep)),
    ]:
        for ground in grounds:
            assert contrast(words, ground) >= CONTRAST_LEAST, (words, ground)
    assert its.fill == colour


def test_contrast_is_that_of_the_guidelines() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#ffffff", FIRST_COLOUR) >= CONTRAST_LEAST


def test_a_picture_becomes_a_logo_without_its_margins_and_a_square_icon() -> None:
    made = marks(drawn())
    assert made["logo"]["name"].endswith("-480x69")  # 561 × 81 without the transparent margin
    assert made["icon"]["name"].endswith("-180x180")
    assert marks(b"no picture") == {"problem": "not_a_picture"}


async def test_logo_icon_and_colour_are_on_pages_and_in_mails(context: Context, serve: Serve) -> None:
    front, console = await serve(build_front(context)), await serve(build_console(context))
    async with await signed_in(context, console) as owner:
        for which in ("logo", "icon"):
            answer = await owner.post(f"/settings/brand/{which}/uploads", files={"file": ("a.png", drawn())})
            assert answer.status_code == 303
        await owner.post("/settings/brand", data={"colour": "#F5D90A"})
        shop = await shop_of(context)
        assert f"/brand/{shop.logo}.png" in (await owner.get("/settings/brand")).text
    async with httpx.AsyncClient(base_url=front) as browser:
        page = (await browser.get("/info/contact")).text
        for path in (f"/brand/{shop.logo}.png", f"/brand/{shop.icon}.png", "/brand/f5d90a.css"):
            assert path in page
            answer = await browser.get(path)
            assert answer.status_code == 200
            assert "immutable" in answer.headers["cache-control"]
            assert "set-cookie" not in answer.headers
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert (await browser.get("/brand/nothing.png")).status_code == 404
        assert (await browser.get("/brand/zzzzzz.css")).status_code == 404
    look = mail_look(shop, "https://shop.example/")
    assert look.logo == f"https://shop.example/brand/{shop.logo}.png"
    assert (look.fill, look.logo_width) == ("#f5d90a", 278)
    assert contrast(look.colour, "#ffffff") >= CONTRAST_LEAST
    assert contrast(look.on_fill, look.fill) >= CONTRAST_LEAST


async def test_what_is_no_picture_is_refused_and_a_mark_is_removed(context: Context, serve: Serve) -> None:
    console = await serve(build_console(context))
    async with await signed_in(context, console) as owner:
        answer = await owner.post("/settings/brand/logo/uploads", files={"file": ("a.png", b"no")})
        assert answer.status_code == 422
        assert "is not a picture" in answer.text
        await owner.post("/settings/brand/logo/uploads", files={"file": ("a.png", drawn())})
        assert (await shop_of(context)).logo
        await owner.post("/settings/brand/logo/remove")
        assert not (await shop_of(context)).logo
        assert (await owner.post("/settings/brand/cursor/remove")).status_code == 404


async def test_customers_choose_among_the_languages_of_the_shop(context: Context, serve: Serve) -> None:
    front, console = await serve(build_front(context)), await serve(build_console(context))
    chosen = {"languages": "chosen", "languages:fa": "on", "languages:hi": "on"}
    async with await signed_in(context, console) as owner:
        answer = await owner.post("/settings/places", data={**chosen, "language": "en"})
        assert "The main language has to be one of them." in answer.text
        await owner.post("/settings/places", data={**chosen, "language": "fa"})
    async with httpx.AsyncClient(base_url=front) as browser:
        page = (await browser.get("/info/contact", params={"lang": "pt-BR"})).text
        assert '<html lang="fa" dir="rtl"' in page
        assert 'hreflang="hi"' in page
        assert 'hreflang="pt-BR"' not in page


async def test_currency_and_zone_are_the_owners_until_they_are_used(context: Context, serve: Serve) -> None:
    console = await serve(build_console(context))
    places = {"languages": "chosen", "languages:en": "on", "language": "en", "timezone": "Asia/Tehran"}
    async with await signed_in(context, console) as owner:
        await owner.post("/settings/places", data={**places, "currency": "BRL"})
        assert (context.settings.currency, context.settings.timezone) == ("BRL", "Asia/Tehran")
        async with context.database.connection() as connection:
            assert connection.zone == "Asia/Tehran"
        await saved(context.database, article("LAMP"))
        await owner.post("/settings/places", data={**places, "currency": "EUR", "timezone": "UTC"})
        assert (context.settings.currency, context.settings.timezone) == ("BRL", "UTC")
        page = (await owner.get("/settings/places")).text
        assert 'name="currency"' not in page
        assert 'name="timezone"' in page
