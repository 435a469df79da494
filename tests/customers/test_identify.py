"""One person has one row, however many connections say their address at once."""

import asyncio
from uuid import UUID

import pytest

from safar.customers.actions import (
    Consent,
    CustomerRecord,
    IdentityRequest,
    Provisional,
    consent_many,
    customer_cards,
    ensure_many,
    identify_many,
    import_many,
    normalised,
)
from safar.customers.errors import NotAnAddress
from safar.customers.identify import mailbox_of
from safar.kernel.database import Connection, Database, execute, value
from safar.kernel.ids import new_id


def email(address: str, **more: object) -> IdentityRequest:
    return IdentityRequest(kind="email", value=address, language="en", **more)  # type: ignore[arg-type]


async def identify(database: Database, *requests: IdentityRequest) -> list[UUID]:
    async with database.transaction() as connection:
        return await identify_many(connection, requests)


async def count(connection: Connection, table: str) -> int:
    return int(await value(connection, f"SELECT count(*) FROM {table}"))


@pytest.mark.finding("security-low-customers_once")
@pytest.mark.parametrize(
    ("written", "mailbox"),
    [
        ("Ann+1@Example.com", "ann@example.com"), (" ann+a+b@example.com", "ann@example.com"),
        ("a.n.n+x@googlemail.com", "ann@gmail.com"), ("a.n.n@example.com", "a.n.n@example.com"),
        ("+x@example.com", "+x@example.com"),
    ],
)  # fmt: skip
def test_an_address_leads_to_one_mailbox_however_it_is_written(written: str, mailbox: str) -> None:
    assert mailbox_of(written) == mailbox


async def test_one_address_is_one_customer_however_it_is_written(database: Database) -> None:
    first, second, third = await identify(
        database, email("Anna@Example.com"), email(" anna@example.com "), email("ben@example.com")
    )
    assert first == second != third
    assert await identify(database, email("ANNA@EXAMPLE.COM")) == [first]
    async with database.connection() as connection:
        assert await count(connection, "customers") == 2
        events = "SELECT count(*) FROM journal_events WHERE name = 'customer.identified'"
        assert await value(connection, events) == 2


async def test_the_same_addresses_from_many_connections_at_once_give_one_customer_each(
    database: Database,
) -> None:
    addresses = [f"c{n}@example.com" for n in range(20)]

    async def one(turn: int) -> list[UUID]:
        order = addresses[turn:] + addresses[:turn]
        ids = await identify(database, *map(email, order))
        return ids[-turn:] + ids[:-turn] if turn else ids

    answers = await asyncio.gather(*(one(turn) for turn in range(12)))
    assert all(answer == answers[0] for answer in answers)
    async with database.connection() as connection:
        assert await count(connection, "customers") == 20
        assert await count(connection, "customer_identities") == 20


async def test_a_visitor_who_gives_an_unknown_address_becomes_that_customer(database: Database) -> None:
    visitor = new_id()
    assert await identify(database, email("new@example.com", customer_id=visitor)) == [visitor]


async def test_an_address_is_added_to_a_visitor_who_has_a_row(database: Database) -> None:
    visitor = new_id()
    async with database.transaction() as connection:
        await ensure_many(connection, [Provisional(visitor, "fa"), Provisional(visitor, "fa")])
        ids = await identify_many(connection, [email("zahra@example.com", customer_id=visitor, name="زهرا")])
        found = await customer_cards(connection, [visitor])
    assert ids == [visitor]
    assert (found[visitor].email, found[visitor].name, found[visitor].language) == (
        "zahra@example.com",
        "زهرا",
        "fa",
    )


async def test_a_known_address_stays_with_its_customer_and_no_browser_is_remembered(
    database: Database,
) -> None:
    [known] = await identify(database, email("anna@example.com", name="Anna"))
    visitor = new_id()
    assert await identify(database, email("anna@example.com", customer_id=visitor, name="Eve")) == [known]
    async with database.connection() as connection:
        assert (await customer_cards(connection, [known]))[known].name == "Anna"
        browsers = "SELECT count(*) FROM customer_identities WHERE kind = 'visitor'"
        assert await value(connection, browsers, {}) == 0
        assert await count(connection, "customers") == 1


async def test_a_merged_customer_leads_to_the_one_it_was_merged_into(database: Database) -> None:
    first, second = await identify(database, email("old@example.com"), email("new@example.com"))
    async with database.transaction() as connection:
        merge = "UPDATE customers SET merged_into = %(to)s WHERE id = %(id)s"
        await execute(connection, merge, {"id": first, "to": second})
        assert await identify_many(connection, [email("old@example.com")]) == [second]
        assert await identify_many(connection, [email("third@example.com", customer_id=first)]) == [second]
        assert (await customer_cards(connection, [first]))[first].id == second


async def test_consent_is_written_once_and_only_changes_are_told(database: Database) -> None:
    [anna] = await identify(database, email("anna@example.com"))
    async with database.transaction() as connection:
        given = Consent(anna, "email", True, "checkout")
        assert await consent_many(connection, [given]) == [True]
        assert await consent_many(connection, [given]) == [False]
        assert await consent_many(connection, [Consent(anna, "email", False, "link")]) == [True]
        names = "SELECT string_agg(name, ' ' ORDER BY id) FROM journal_events WHERE name LIKE 'consent.%%'"
        assert await value(connection, names, {}) == "consent.given consent.withdrawn"


async def test_an_import_never_gives_back_a_consent_that_was_withdrawn(database: Database) -> None:
    record = CustomerRecord(name="Anna", email="anna@example.com", language="en", country="GB", consent=True)
    async with database.transaction() as connection:
        [anna] = await import_many(connection, [record])
        await consent_many(connection, [Consent(anna, "email", False, "link")])
        assert await import_many(connection, [record]) == [anna]
        assert await value(connection, "SELECT given FROM customer_consents") is False


async def test_five_thousand_customers_are_imported_in_seconds(database: Database) -> None:
    records = [
        CustomerRecord(name=f"Customer {n}", email=f"c{n}@example.com", language="en", consent=n % 2 == 0)
        for n in range(5000)
    ]
    async with asyncio.timeout(30), database.transaction() as connection:
        assert len(set(await import_many(connection, records))) == 5000
    async with database.connection() as connection:
        assert await count(connection, "customers") == 5000


def test_addresses_are_kept_in_one_form() -> None:
    assert normalised("email", "  Anna.K@Example.COM ") == "anna.k@example.com"
    assert normalised("phone", "020 7946 0000", "GB") == "+442079460000"
    assert normalised("phone", "+۹۸ ۲۱ ۲۲۳۳ ۴۴۵۵") == "+982122334455"
    for kind, bad in (
        ("email", "anna"),
        ("email", "@x"),
        ("phone", "12"),
        ("phone", "abc"),
        ("telegram", " "),
    ):
        with pytest.raises(NotAnAddress):
            normalised(kind, bad)
