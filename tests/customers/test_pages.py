"""Staff find a customer and read what happened with them, in their own language."""

import re
from uuid import UUID

import httpx
import pytest

from safar.console.build import build_console
from safar.console.sentences import SENTENCES
from safar.customers.actions import (
    AddressClaim,
    Consent,
    CustomerRecord,
    IdentityRequest,
    Proof,
    Provisional,
    claim_addresses_many,
    consent_many,
    ensure_many,
    identify_many,
    import_many,
    prove,
)
from safar.customers.pages import WantedCustomers
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel.context import Context
from safar.kernel.database import execute, rows, values
from safar.kernel.i18n import speaking
from safar.kernel.ids import new_id
from tests.stage.people import signed_in
from tests.stage.serving import Serve


@pytest.fixture
async def base(context: Context, serve: Serve) -> str:
    return await serve(build_console(context))


async def make(context: Context, *names: str) -> list[UUID]:
    records = [
        CustomerRecord(name=name, email=f"c{number}@example.com", language="fa", country="IR", consent=True)
        for number, name in enumerate(names)
    ]
    async with context.database.transaction() as connection:
        return await import_many(connection, records)


async def record(context: Context, *events: Event) -> None:
    async with context.database.transaction() as connection:
        await append_many(connection, events)


def names_in(text: str) -> list[str]:
    return re.findall(r'<a href="/customers/[0-9a-f-]{36}"><bdi>([^<]*)</bdi>', text)


async def test_an_empty_list_says_so(base: str, context: Context) -> None:
    async with await signed_in(context, base) as client:
        assert "No customers yet" in (await client.get("/customers")).text
        assert "Nobody found" in (await client.get("/customers?q=anna")).text


async def test_search_finds_any_part_of_a_name_or_address_in_any_spelling(
    base: str, context: Context
) -> None:
    await make(context, "Anna José", "علي كريمي", "100% <b>Öz_gür</b>", "बड़ा भाई")
    async with await signed_in(context, base) as client:

        async def found(query: str) -> list[str]:
            return names_in((await client.get("/customers", params={"q": query})).text)

        assert await found("jose") == ["Anna José"]
        assert await found("علی کریمی") == ["علي كريمي"]
        assert await found("बडा") == ["बड़ा भाई"]
        assert await found("C2@EXAMPLE") == ["100% &lt;b&gt;Öz_gür&lt;/b&gt;"]
        assert await found("0%") == ["100% &lt;b&gt;Öz_gür&lt;/b&gt;"]
        assert await found("%") == await found("0%")
        assert await found("'; DROP TABLE customers; --") == []


async def test_many_customers_are_paged_by_key_none_twice_none_left_out(base: str, context: Context) -> None:
    await make(context, *(f"Customer {number:03}" for number in range(120)))
    async with await signed_in(context, base) as client:
        seen: list[str] = []
        address, pages = "/customers?q=customer", 0
        while address:
            text = (await client.get(address)).text
            seen += names_in(text)
            following = re.search(r'rel="next" href="([^"]+)"', text)
            address = "/customers" + following[1].replace("&amp;", "&") if following else ""
            pages += 1
        assert pages == 3
        assert len(seen) == len(set(seen)) == 120
        for broken in ("x", "2026-01-01~x", "2026-01-01T00:00:00~" + "0" * 32, "~", "\x00"):
            assert (await client.get("/customers", params={"before": broken})).status_code == 200


async def test_the_list_is_narrowed_by_consent_language_and_country_and_says_how_many(
    base: str, context: Context
) -> None:
    await make(context, "Subscribed", "Left")
    async with context.database.transaction() as connection:
        (left,) = await values(connection, "SELECT id FROM customers WHERE name = 'Left'")
        await consent_many(connection, [Consent(left, "email", False, "unsubscribe")])
        record = CustomerRecord(
            name="Never asked", email="n@example.com", language="en", country="GB", consent=False
        )
        await import_many(connection, [record])
    async with await signed_in(context, base) as client:
        for asked, names in (
            ("consent=given", ["Subscribed"]),
            ("consent=withdrawn", ["Left"]),
            ("consent=none&language=en", ["Never asked"]),
            ("country=IR&consent=given", ["Subscribed"]),
            ("consent=none&country=IR", []),
        ):
            shown = (await client.get(f"/customers?{asked}")).text
            assert sorted(names_in(shown)) == names, asked
            assert ("1 in all" in shown) is (len(names) == 1)
        assert "3 in all" in (await client.get("/customers?consent=what&language=xx")).text


async def test_the_list_and_the_search_stay_on_their_indexes(context: Context) -> None:
    from safar.customers.identify import QUERIES

    async with context.database.transaction() as connection:
        await execute(
            connection,
            "INSERT INTO customers (id, language, created_at, search)"
            " SELECT gen_random_uuid(), 'en', now() - n * interval '1 s', 'customer ' || md5(n::text)"
            " FROM generate_series(1, 20000) AS n",
        )
        await execute(connection, "ANALYZE customers")
        for pattern in (None, "%c4ca42%"):
            params = {
                **WantedCustomers().params,
                "pattern": pattern,
                "before_at": "9999-01-01T00:00Z",
                "before_id": UUID(int=2**128 - 1),
                "limit": 51,
            }
            cursor = await connection.execute(b"EXPLAIN " + QUERIES["list"].encode(), params)
            plan = "\n".join(line[0] for line in await cursor.fetchall())
            assert "Seq Scan on customers" not in plan, plan


async def test_a_customer_page_shows_profile_addresses_consent_and_timeline(
    base: str, context: Context
) -> None:
    [anna] = await make(context, "Anna <i>K</i>")
    visitor = new_id()
    async with context.database.transaction() as connection:
        await identify_many(
            connection,
            [
                IdentityRequest(kind="phone", value="+44 20 7946 0000", language="en", customer_id=anna),
            ],
        )
        claim = AddressClaim(
            customer_id=visitor, kind="email", value="c0@example.com", language="en", source="order"
        )
        await claim_addresses_many(connection, [claim])
        # Opened in the browser that typed it: c0@example.com is Anna's, so this was her browser.
        proof = Proof(claimant=visitor, kind="email", value="c0@example.com", language="en", browser=visitor)
        assert (await prove(connection, proof)).owner_id == anna
        await consent_many(connection, [Consent(anna, "email", False, "link")])
    await record(
        context,
        Event(name="product.viewed", customer_id=visitor, properties={"sku": "<b>85123A"}),
        Event(name="order.confirmed", customer_id=anna, properties={"total_minor": 1250, "currency": "GBP"}),
        Event(name="galaxy.collided", customer_id=anna),
        Event(name="hold.claimed", customer_id=anna, properties={"purpose": "order"}),
    )
    async with await signed_in(context, base) as client:
        text = (await client.get(f"/customers/{anna}")).text
    for expected in (
        "Anna &lt;i&gt;K&lt;/i&gt;",
        "c0@example.com",
        "+442079460000",
        "Seen in 1 browser",
        "Unsubscribed",
        "Order confirmed: £12.50",
        "Looked at &lt;b&gt;85123A",
        "Event “galaxy.collided”",
    ):
        assert expected in text, expected
    assert "where is my order" not in text  # lines of the ledger are none of a person's life
    assert text.index("galaxy") < text.index("£12.50") < text.index("85123A")


async def test_a_long_timeline_is_loaded_part_by_part(base: str, context: Context) -> None:
    [anna] = await make(context, "Anna")
    views = [
        Event(name="product.viewed", customer_id=anna, properties={"sku": f"S{n:03}"}) for n in range(95)
    ]
    await record(context, *views)
    async with await signed_in(context, base) as client:
        text, seen = (await client.get(f"/customers/{anna}")).text, []
        while True:
            seen += re.findall(r"Looked at (S\d+)", text)
            more = re.search(r'hx-get="([^"]+)"', text)
            if not more:
                break
            text = (await client.get(more[1], headers={"hx-request": "true"})).text
            assert "<html" not in text
        assert seen == [f"S{n:03}" for n in reversed(range(95))]
        for bad in ("", "-1", "x", "9" * 30, "²"):
            assert (await client.get(f"/customers/{anna}/timeline?before={bad}")).status_code == 404


async def test_a_visitor_without_a_name_has_a_page(base: str, context: Context) -> None:
    visitor = new_id()
    async with context.database.transaction() as connection:
        await ensure_many(connection, [Provisional(visitor, "hi")])
    async with await signed_in(context, base) as client:
        text = (await client.get(f"/customers/{visitor}")).text
        assert f"Visitor {visitor.hex[-6:]}" in text
        assert "No address yet" in text
        assert "No consent" in text


async def test_a_merged_customer_leads_to_the_page_of_the_other(base: str, context: Context) -> None:
    first, second = await make(context, "Old", "New")
    await record(context, Event(name="cart.created", customer_id=first))
    async with context.database.transaction() as connection:
        await execute(
            connection,
            "UPDATE customers SET merged_into = %(to)s WHERE id = %(id)s",
            {"to": second, "id": first},
        )
    async with await signed_in(context, base) as client:
        assert (await client.get(f"/customers/{first}")).headers["location"] == f"/customers/{second}"
        assert "Started a cart" in (await client.get(f"/customers/{second}")).text


@pytest.mark.parametrize("path", ["nobody", "0" * 32, "%27%3B--"])
async def test_an_unknown_customer_is_not_found(base: str, context: Context, path: str) -> None:
    async with await signed_in(context, base) as client:
        assert (await client.get(f"/customers/{path}")).status_code == 404


@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("fa", "rtl")])
async def test_pages_come_in_the_language_of_the_reader(
    base: str, context: Context, language: str, direction: str
) -> None:
    [anna] = await make(context, "Anna")
    async with await signed_in(context, base) as client:
        for path in ("/customers", f"/customers/{anna}", "/staff", "/audit", "/password", "/", "/nowhere"):
            text = (await client.get(path, params={"lang": language})).text
            assert f'<html lang="{language}" dir="{direction}"' in text, path
    async with httpx.AsyncClient(base_url=base) as client:
        text = (await client.get("/sign-in", params={"lang": language})).text
        assert f'<html lang="{language}" dir="{direction}"' in text


def test_every_sentence_can_be_said_even_when_the_event_tells_nothing() -> None:
    for language in ("en", "fa", "hi", "pt-BR"):
        with speaking(language):
            for name in SENTENCES.kinds:
                for properties in ({}, {"waited_s": None, "reason": None}, {"quantity": "x", "kind": ["?"]}):
                    assert SENTENCES.sentence(Event(name=name, properties=properties))


def test_a_sentence_says_what_the_event_tells() -> None:
    def said(name: str, **properties: object) -> str:
        return SENTENCES.sentence(Event(name=name, properties=properties))

    assert said("visit.arrived", queued=True) == "Arrived and joined the queue"
    assert said("visit.admitted", waited_s=180) == "Was let into the shop after 3 minutes"
    assert said("message.sent", author="bot", channel="web", waited_s=2.0) == (
        "Answered by the bot by web chat after 2 seconds"
    )
    assert said("send.skipped", reason="no_consent") == "Campaign e-mail not sent: no consent"
    assert said("send.skipped", reason="100% wet") == "Campaign e-mail not sent: 100% wet"
    assert said("x%(y)s.z") == "Event “x%(y)s.z”"


async def test_the_journal_keeps_no_address(context: Context) -> None:
    await make(context, "Anna Secret")
    async with context.database.connection() as connection:
        found = await rows(dict, connection, "SELECT properties::text AS text FROM journal_events")
    assert found
    assert not any("example.com" in str(row) or "Secret" in str(row) for row in found)
