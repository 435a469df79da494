"""Pages that the owner writes: in each language, in the menu, with goods; never a script."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.console.build import build_console
from safar.front.build import build_front
from safar.kernel.context import Context
from safar.storefront.markdown import written
from tests.stage.catalogue import article, saved
from tests.stage.people import signed_in
from tests.stage.serving import Serve

ABOUT = {
    "place": "menu",
    "position": "1",
    "title:en": "About <us>",
    "text:en": "# Who we are\n\n**Lamps** since 1990. [Write](/info/contact)\n\n<script>alert(1)</script>",
    "title:fa": "دربارهٔ ما",
    "text:fa": "از ۱۹۹۰",
    "skus": "LAMP\nNONE",
}


async def test_a_page_is_in_the_menu_in_the_readers_language_with_its_goods(
    context: Context, serve: Serve
) -> None:
    front, console = await serve(build_front(context)), await serve(build_console(context))
    await saved(context.database, article("LAMP", "Desk lamp"))
    async with await signed_in(context, console, role="manager") as manager:
        answer = await manager.post("/shop-front/pages/new", data=ABOUT)
        assert answer.headers["location"] == "/shop-front/pages/about-us"
        again = await manager.post("/shop-front/pages/new", data=ABOUT)
        assert "There is a page at this address." in again.text
        assert (await manager.post("/shop-front/pages/nothing", data=ABOUT)).status_code == 404
    async with httpx.AsyncClient(base_url=front) as browser:
        text = (await browser.get("/pages/about-us")).text
        assert "<h2>Who we are</h2>" in text
        assert '<a href="/info/contact">Write</a>' in text
        assert "&lt;script&gt;" in text
        assert "Desk lamp" in text
        assert '<a href="/pages/about-us" aria-current="page"><bdi>About &lt;us&gt;</bdi></a>' in text
        assert "/pages/about-us" in (await browser.get("/sitemap.xml")).text
        assert "دربارهٔ ما" in (await browser.get("/", params={"lang": "fa"})).text
    async with await signed_in(context, console, role="manager") as manager:
        await manager.post("/shop-front/pages/about-us/remove")
    async with httpx.AsyncClient(base_url=front) as browser:
        answer = await browser.get("/pages/about-us", params={"kept": "no"})  # pages are kept for a second
        assert answer.status_code == 404


async def test_a_page_without_a_title_is_refused_and_what_was_typed_stays(
    context: Context, serve: Serve
) -> None:
    console = await serve(build_console(context))
    async with await signed_in(context, console) as owner:
        answer = await owner.post("/shop-front/pages/new", data={"place": "foot", "text:en": "Only words"})
        assert answer.status_code == 422
        assert "A title in one language at least." in answer.text
        assert "Only words" in answer.text


@pytest.mark.parametrize(
    "text",
    [
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](javascript:alert(1))",
        "<img src=x onerror=alert(1)>",
        "<javascript:alert(1)>",
    ],
)
def test_no_link_leads_to_a_script_and_no_picture_is_fetched(text: str) -> None:
    html = written(text)
    assert "<img" not in html
    assert "<script" not in html
    assert "href" not in html


@given(st.text(alphabet="<>\"'&()[]!#*`-| \nabc:/", max_size=120))
def test_whatever_is_written_makes_only_tags_of_markdown(text: str) -> None:
    html = written(text)
    for part in html.split("<")[1:]:
        name = part.lstrip("/").split(">")[0].split(" ")[0].rstrip("/")
        assert name in {
            "p", "br", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "strong", "em", "code", "pre", "hr",
            "blockquote", "a", "table", "thead", "tbody", "tr", "th", "td",
        }, html  # fmt: skip


def test_a_picture_is_only_linked_to() -> None:
    assert "<img" not in written("![x](https://elsewhere.example/pixel.png)")
