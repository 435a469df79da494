"""Whose an address is: what is typed stays a claim until something sent to it comes back."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.customers.actions import (
    AddressClaim,
    IdentityRequest,
    Proof,
    claim_addresses_many,
    customer_cards,
    customer_of_address,
    finals,
    identify_many,
    prove,
)
from safar.customers.decide import ProofVerdict, verdict
from safar.customers.model import Proven
from safar.kernel.database import Database, value
from safar.kernel.ids import new_id

pytestmark = pytest.mark.finding("security-2")
VERA = "vera@example.com"
PEOPLE = [UUID(int=number) for number in range(1, 5)]


async def claim(database: Database, *claimants: UUID, email: str = VERA) -> list[UUID]:
    claims = [
        AddressClaim(customer_id=id_, kind="email", value=email, language="en", source="order", name="Typed")
        for id_ in claimants
    ]
    async with database.transaction() as connection:
        return await claim_addresses_many(connection, claims)


async def show(database: Database, claimant: UUID, *, browser: UUID | None, email: str = VERA) -> Proven:
    proof = Proof(claimant=claimant, kind="email", value=email, language="en", browser=browser)
    async with database.transaction() as connection:
        return await prove(connection, proof)


async def owner(database: Database, email: str = VERA) -> UUID | None:
    async with database.connection() as connection:
        found = "SELECT customer_id FROM customer_identities WHERE kind = 'email' AND value = %(email)s"
        id_: UUID | None = await value(connection, found, {"email": email})
        return (await finals(connection, [id_]))[id_] if id_ else None


@given(
    claimant=st.sampled_from(PEOPLE),
    owner=st.sampled_from([None, *PEOPLE]),
    brought_by=st.sampled_from([None, *PEOPLE]),
    has_address=st.booleans(),
)
def test_only_a_browser_that_reads_the_mailbox_joins_it_and_never_two_people_who_are_known(
    claimant: UUID, owner: UUID | None, brought_by: UUID | None, has_address: bool
) -> None:
    decided = verdict(claimant, owner, brought_by=brought_by, address_own=PEOPLE[3], has_address=has_address)
    if decided in (ProofVerdict.KEEP, ProofVerdict.JOIN):
        assert claimant in (brought_by, PEOPLE[3])
        assert not has_address
    assert (decided is ProofVerdict.NOTHING) == (owner == claimant)
    assert (decided in (ProofVerdict.KEEP, ProofVerdict.FOUND)) == (owner is None)


async def test_a_claim_is_kept_and_is_no_identity(database: Database) -> None:
    ada = new_id()
    assert await claim(database, ada) == [ada]
    assert await claim(database, ada) == [ada]
    assert await owner(database) is None
    async with database.connection() as connection:
        card = (await customer_cards(connection, [ada]))[ada]
    assert (card.email, card.claimed, card.said, card.name) == (None, VERA, VERA, "Typed")


async def test_a_claim_of_a_known_address_changes_nothing_of_its_owner(database: Database) -> None:
    async with database.transaction() as connection:
        [vera] = await identify_many(connection, [IdentityRequest(kind="email", value=VERA, language="fa")])
    eve = new_id()
    assert await claim(database, eve) == [eve]
    async with database.connection() as connection:
        found = await customer_cards(connection, [vera, eve])
        browsers = "SELECT count(*) FROM customer_identities WHERE kind = 'visitor'"
        assert await value(connection, browsers) == 0
    assert (found[vera].name, found[vera].language, found[eve].id) == (None, "fa", eve)


async def test_the_claimants_own_browser_keeps_an_address_that_nobody_has(database: Database) -> None:
    ada = new_id()
    await claim(database, ada)
    for _time in range(2):
        assert (await show(database, ada, browser=ada)).owner_id == ada
    assert await owner(database) == ada


async def test_another_browser_proves_the_address_but_not_who_typed_it(database: Database) -> None:
    """Pre-hijack: Eve typed Vera's address first; Vera opens the mail."""
    eve, vera = new_id(), new_id()
    await claim(database, eve)
    proven = await show(database, eve, browser=vera)
    assert proven == Proven(customer_of_address("email", VERA), joined=False)
    assert await owner(database) == proven.owner_id != eve
    async with database.connection() as connection:
        assert await finals(connection, [eve]) == {eve: eve}


async def test_of_two_claimants_the_one_who_reads_the_mailbox_has_it(database: Database) -> None:
    eve, vera = new_id(), new_id()
    await claim(database, eve, vera)
    assert (await show(database, vera, browser=vera)).owner_id == vera
    assert (await show(database, eve, browser=vera)) == Proven(vera, joined=False)
    assert (await show(database, eve, browser=None)) == Proven(vera, joined=False)
    async with database.connection() as connection:
        assert await finals(connection, [eve]) == {eve: eve}


async def test_a_second_browser_of_the_same_person_is_joined_by_its_own_proof(database: Database) -> None:
    laptop, phone = new_id(), new_id()
    await claim(database, laptop, phone)
    await show(database, laptop, browser=laptop)
    assert (await show(database, phone, browser=phone)) == Proven(laptop, joined=True)
    async with database.connection() as connection:
        assert await finals(connection, [phone]) == {phone: laptop}


async def test_two_people_at_one_browser_stay_two(database: Database) -> None:
    shared = new_id()
    await claim(database, shared)
    await claim(database, shared, email="bob@example.com")
    assert (await show(database, shared, browser=shared)).owner_id == shared
    bob = await show(database, shared, browser=shared, email="bob@example.com")
    assert bob == Proven(customer_of_address("email", "bob@example.com"), joined=False)
