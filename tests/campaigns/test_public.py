"""What a message carries, over real HTTP: the tracked link and the way out."""

from http.cookiejar import DefaultCookiePolicy
from uuid import UUID

import httpx
import pytest

from safar.campaigns import sending
from safar.campaigns.links import link_url, unsubscribe_url
from safar.campaigns.reading import newest_campaigns, results
from safar.customers.visitor import COOKIE, unsigned
from safar.front.build import build_front
from safar.kernel.context import Context
from safar.kernel.ids import new_id
from tests.stage import campaigns as makers
from tests.stage.campaigns import names, read
from tests.stage.serving import Serve

Send = tuple[UUID, UUID]


@pytest.fixture
async def send(context: Context) -> Send:
    """A send that went out, and its customer."""
    await makers.started(context, reach=1)
    await sending.send_due(context)
    ((send_id, customer_id),) = await read(context, "SELECT id, customer_id FROM sends")
    return send_id, customer_id


def path(url: str) -> str:
    return "/" + url.split("/", 3)[3]


@pytest.mark.finding("security-2")
async def test_a_link_leads_to_the_offer_and_makes_nobody_its_addressee(
    context: Context, serve: Serve, send: Send
) -> None:
    base = await serve(build_front(context))
    async with httpx.AsyncClient(base_url=base) as client:
        link = path(link_url(context.vault, context.settings, send[0]))
        first = await client.get(link)
        assert (first.status_code, first.headers["location"]) == (303, f"{link}?again=1")
        for _time in range(2):
            answer = await client.get(link)
            assert answer.status_code == 303
            assert answer.headers["location"].startswith("/p/glass-lantern")
            assert answer.headers["location"].endswith("?lang=en")
        visitor = unsigned(context.vault, client.cookies[COOKIE])
    assert visitor is not None
    ((campaign_id,),) = await read(context, "SELECT id FROM campaigns")
    assert (visitor.campaign_id, visitor.link_id) == (campaign_id, send[0])
    assert visitor.customer_id == visitor.visitor_id != send[1]
    clicks = await read(
        context,
        "SELECT customer_id, campaign_id, subject_id, properties->'first' FROM journal_events"
        " WHERE name = 'link.clicked' ORDER BY id",
    )
    assert clicks == [(send[1], campaign_id, send[0], True), (send[1], campaign_id, send[0], False)]
    assert (await read(context, "SELECT count(clicked_at) FROM sends")) == [(1,)]


@pytest.mark.finding("security-25")
@pytest.mark.finding("messages-10")
async def test_machines_that_open_links_are_shown_the_offer_and_count_for_nothing(
    context: Context, serve: Serve, send: Send
) -> None:
    link = path(link_url(context.vault, context.settings, send[0]))
    no_person: tuple[tuple[str, dict[str, str]], ...] = (
        ("HEAD", {}),
        ("GET", {"sec-purpose": "prefetch;prerender"}),
        ("GET", {"purpose": "prefetch"}),
        ("GET", {"x-moz": "prefetch"}),
        ("GET", {"sec-fetch-dest": "image"}),
        ("GET", {"sec-fetch-dest": "empty"}),
    )
    base = await serve(build_front(context))
    async with httpx.AsyncClient(base_url=base) as browser:
        await browser.get(link)  # it has the cookie now, and would count
        for method, headers in no_person:
            answer = await browser.request(method, link, headers=headers)
            assert answer.headers["location"].startswith("/p/glass-lantern"), (method, headers)
        assert await names(context, "link.clicked") == []
        opened = await browser.get(link, headers={"sec-fetch-dest": "document"})
        assert opened.status_code == 303
    async with httpx.AsyncClient(base_url=base, follow_redirects=True) as scanner:
        scanner.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        assert (await scanner.get(link)).status_code == 200, "it keeps no cookie, and sees the offer"
    assert await names(context, "link.clicked") == ["link.clicked"]


async def test_a_forged_cut_or_foreign_link_gets_a_clear_page_and_counts_nothing(
    context: Context, serve: Serve, send: Send
) -> None:
    base = await serve(build_front(context))
    good = path(link_url(context.vault, context.settings, send[0]))
    other = path(unsubscribe_url(context.vault, context.settings, send[0], "en")).replace("unsubscribe", "l")
    flipped = good[:6] + ("A" if good[6] != "A" else "B") + good[7:]
    bad = [
        good[:-3],
        flipped,
        other,
        "/l/x",
        f"/l/{'x' * 5000}",
        f"/l/{send[0]}",
        "/l/%F0%9F%92%A5",
        "/l/%00",
    ]
    async with httpx.AsyncClient(base_url=base) as client:
        for link in bad:
            answer = await client.get(link, headers={"accept-language": "en"})
            assert answer.status_code == 400, link
            assert "not complete" in answer.text
            assert "<html" in answer.text
        unknown = await client.get(path(link_url(context.vault, context.settings, new_id())))
        assert unknown.status_code == 404
    assert await names(context, "link.clicked") == []


async def test_opening_the_way_out_changes_nothing_and_its_button_ends_consent(
    context: Context, serve: Serve, send: Send
) -> None:
    base = await serve(build_front(context))
    way_out = path(unsubscribe_url(context.vault, context.settings, send[0], "en"))
    consent = "SELECT given FROM customer_consents WHERE channel = 'email'"
    async with httpx.AsyncClient(base_url=base) as client:
        page = await client.get(way_out)
        assert page.status_code == 200
        assert 'method="post"' in page.text
        assert await read(context, consent) == [(True,)]
        done = await client.post(way_out, headers={"sec-fetch-site": "same-origin"})
        assert done.status_code == 200
    assert await read(context, consent) == [(False,)]
    assert await names(context, "consent.withdrawn") == ["consent.withdrawn"]


async def test_a_mail_reader_unsubscribes_with_one_click(context: Context, serve: Serve, send: Send) -> None:
    base = await serve(build_front(context))
    way_out = path(unsubscribe_url(context.vault, context.settings, send[0], "en"))
    async with httpx.AsyncClient(base_url=base) as client:
        for _time in range(2):
            done = await client.post(way_out, data={"List-Unsubscribe": "One-Click"})
            assert done.status_code == 200
        forged = await client.post(way_out.replace("?", "x?"), data={"List-Unsubscribe": "One-Click"})
        assert forged.status_code == 400
    assert await names(context, "consent.withdrawn") == ["consent.withdrawn"]
    async with context.database.connection() as connection:
        (campaign,) = await newest_campaigns(connection)
        came = await results(connection, campaign.id)
    assert came.unsubscribed == 1
