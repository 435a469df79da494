"""E-mails about offers: nobody is subscribed by anybody but the reader of the mailbox."""

import re
from typing import Any

import httpx

from safar.console.build import build_console
from safar.customers.actions import Consent, consent_many, identify_many
from safar.customers.model import IdentityRequest
from safar.customers.visitor import Visitor, signed
from safar.kernel.context import Context
from safar.kernel.database import Database
from safar.kernel.ids import new_id
from safar.storefront.newsletter.actions import forget_old_sign_ups
from tests.stage.books import events
from tests.stage.people import signed_in
from tests.stage.serving import Serve

_ADA = "ada@customers.example"


async def found(database: Database, query: str) -> list[tuple[Any, ...]]:
    async with database.connection() as connection:
        cursor = await connection.execute(query)
        return await cursor.fetchall()


async def links(database: Database) -> list[str]:
    bodies = await found(database, "SELECT body FROM messages WHERE author = 'shop' ORDER BY at, id")
    return [link for (body,) in bodies for link in re.findall(r"(/newsletter/\S+)", body)]


async def subscribed(database: Database) -> list[tuple[str, str]]:
    """Return the addresses that campaigns may write to, and what the consent came by."""
    return await found(
        database,
        "SELECT i.value, c.source FROM customer_consents AS c"
        " JOIN customer_identities AS i ON i.customer_id = c.customer_id AND i.kind = 'email'"
        " WHERE c.given ORDER BY 1",
    )


async def sign_up(browser: httpx.AsyncClient, email: str = _ADA) -> httpx.Response:
    return await browser.post("/newsletter", data={"email": email})


async def test_only_a_pressed_button_behind_the_mailed_link_subscribes_and_the_proof_is_kept(
    browser: httpx.AsyncClient, database: Database
) -> None:
    assert 'action="/newsletter"' in (await browser.get("/")).text
    assert (await sign_up(browser, "nobody")).status_code == 422
    assert "state=asked" in (await sign_up(browser)).headers["location"]
    (link,) = await links(database)
    for _time in range(2):  # a scanner of mails opens links, and does it twice
        assert "Confirm and subscribe" in (await browser.get(link)).text
        assert (await browser.head(link)).status_code in (200, 405)
    assert await subscribed(database) == []
    for _time in range(2):
        assert "You are subscribed" in (await browser.post(link)).text
    assert await subscribed(database) == [(_ADA, "sign_up")]
    assert await events(database, "consent.given") == ["consent.given"]
    ((proof,),) = await found(database, "SELECT proof FROM consent_records")
    assert proof["address"] == _ADA
    assert proof["wording"].startswith("Yes, e-mail me")
    assert proof["asked_at"] < proof["confirmed_at"]


async def test_a_mailbox_that_says_no_is_left_alone(browser: httpx.AsyncClient, database: Database) -> None:
    await sign_up(browser)
    (link,) = await links(database)
    assert "You will get no e-mails" in (await browser.post(f"{link}/decline")).text
    assert "You will get no e-mails" in (await browser.post(link)).text
    assert await subscribed(database) == []
    assert (await browser.post("/newsletter/forged")).status_code == 404


async def test_the_answer_tells_nothing_of_an_address_and_no_mailbox_is_filled(
    browser: httpx.AsyncClient, database: Database
) -> None:
    async with database.transaction() as connection:
        request = IdentityRequest(kind="email", value="member@x.example", language="en")
        (member,) = await identify_many(connection, [request])
        await consent_many(connection, [Consent(member, "email", True, "test")])
    answers = {(await sign_up(browser, "member@x.example")).headers["location"]}
    assert await links(database) == []
    answers |= {(await sign_up(browser)).headers["location"] for _time in range(5)}
    assert answers == {"/newsletter?state=asked"}
    assert len(await links(database)) == 3


async def test_whoever_has_proven_the_address_in_this_browser_is_subscribed_at_once(
    browser: httpx.AsyncClient, database: Database, context: Context
) -> None:
    async with database.transaction() as connection:
        (ada,) = await identify_many(connection, [IdentityRequest(kind="email", value=_ADA, language="en")])
    browser.cookies.set("visitor", signed(context.vault, Visitor(ada)), domain="127.0.0.1")
    assert "state=confirmed" in (await sign_up(browser)).headers["location"]
    assert await subscribed(database) == [(_ADA, "sign_up")]
    assert await links(database) == []


def order(**changes: str) -> dict[str, str]:
    return {
        "order_id": str(new_id()), "name": "Ada", "email": _ADA, "address": "1 Mill Lane",
        "postcode": "YO1 7HH",
        "city": "York", "country": "GB", "provider": "cod", "method": "", "code": "",
    } | changes  # fmt: skip


async def test_the_box_at_the_checkout_is_empty_and_asks_only_when_it_was_ticked(
    browser: httpx.AsyncClient, database: Database
) -> None:
    for changes, asked in (({}, 0), ({"offers": "on"}, 1)):
        await browser.post("/cart/lines", data={"sku": "MUG", "quantity": "1"})
        page = (await browser.get("/checkout")).text
        box = re.search(r"<input[^>]*name=\"offers\"[^>]*>", page)
        assert box is not None
        assert "checked" not in box[0]
        taken = await browser.post("/checkout", data=order(**changes))
        assert taken.headers["location"].startswith("/orders/"), taken.text
        assert len(await links(database)) == asked
    assert await subscribed(database) == []
    assert (await browser.post((await links(database))[0])).status_code == 200
    assert await subscribed(database) == [(_ADA, "checkout")]


async def test_sign_ups_are_forgotten_and_their_links_say_so(
    browser: httpx.AsyncClient, database: Database
) -> None:
    await sign_up(browser)
    (link,) = await links(database)
    async with database.transaction() as connection:
        await connection.execute("UPDATE newsletter_requests SET asked_at = now() - interval '8 days'")
        assert await forget_old_sign_ups(connection) == 1
    assert (await browser.get(link)).status_code == 404
    assert (await browser.post(link)).status_code == 404


async def test_staff_switch_a_consent_with_a_reason_which_is_kept_and_audited(
    context: Context, serve: Serve, database: Database, shop: None
) -> None:
    async with database.transaction() as connection:
        (ada,) = await identify_many(connection, [IdentityRequest(kind="email", value=_ADA, language="en")])
    base = await serve(build_console(context))
    async with await signed_in(context, base, "agent") as staff:
        path = f"/customers/{ada}"
        assert "No consent" in (await staff.get(path)).text
        refused = await staff.post(f"{path}/consent", data={"given": "yes", "reason": " "})
        assert refused.status_code == 422
        assert await subscribed(database) == []
        told = {"given": "yes", "reason": "asked for it on the phone"}
        assert (await staff.post(f"{path}/consent", data=told)).headers["location"] == path
        page = (await staff.get(path)).text
        assert "asked for it on the phone" in page
        assert await subscribed(database) == [(_ADA, "staff")]
        await staff.post(f"{path}/consent", data={"given": "no", "reason": "wrote a letter"})
        assert await subscribed(database) == []
        assert "wrote a letter" in (await staff.get(path)).text
    audited = await found(
        database,
        "SELECT name, properties::text FROM journal_events WHERE staff_id IS NOT NULL"
        " AND name LIKE 'consent%' ORDER BY id",
    )
    assert [name for name, _properties in audited] == ["consent.given", "consent.withdrawn"]
    assert "phone" not in audited[0][1]  # words that may name somebody stay out of the journal
