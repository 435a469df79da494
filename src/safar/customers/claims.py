"""Addresses that are said, and addresses that are shown: a claim becomes an identity by what comes back.

See docs/decisions/0015-who-somebody-is-comes-from-proof.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from safar.customers.decide import ProofVerdict, verdict
from safar.customers.identify import QUERIES, finals, normalised, word_of
from safar.customers.model import AddressClaim, Proof, Proven
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute, row, runs_again, send, value, values
from safar.kernel.ids import derived_id
from safar.kernel.text import fold


@dataclass(frozen=True, slots=True)
class _Standing:
    owner_id: UUID | None
    has_address: bool


def customer_of_address(kind: str, address: str) -> UUID:
    """Return the customer that stands for an address alone: what it wrote, before or without any browser."""
    return derived_id("customer of", kind, address)


async def claim_addresses_many(connection: Connection, claims: Sequence[AddressClaim]) -> list[UUID]:
    """Keep what each claimant says; return who they are. Raises NotAnAddress. Writes customer.created."""
    return await write_claims(
        connection, claims, await finals(connection, [claim.customer_id for claim in claims])
    )


async def write_claims(
    connection: Connection, claims: Sequence[AddressClaim], known: Mapping[UUID, UUID]
) -> list[UUID]:
    """As `claim_addresses_many`, with the `finals` of the claimants."""
    addresses = [normalised(claim.kind, claim.value, claim.country) for claim in claims]
    who = [known.get(claim.customer_id, claim.customer_id) for claim in claims]
    customers: dict[UUID, dict[str, object]] = {}
    records: dict[tuple[UUID, str, str], dict[str, object]] = {}
    for claim, id_, text in zip(claims, who, addresses, strict=True):
        records[id_, claim.kind, text] = {
            "customer_id": id_,
            "kind": claim.kind,
            "value": text,
            "source": claim.source,
        }
        words = f"{fold(claim.name or '')} {word_of(claim.kind, text)}".strip()
        customers.setdefault(
            id_,
            {
                "id": id_,
                "name": claim.name or None,
                "language": claim.language,
                "country": claim.country or None,
                "search": words,
            },
        )
    rowless = customers.keys() - known.values()

    def params(ids: Iterable[UUID]) -> dict[str, object]:
        wanted = set(ids)
        return {
            "customers": as_json([customers[id_] for id_ in sorted(wanted)]),
            "claims": as_json([records[key] for key in sorted(records) if key[0] in wanted]),
            "now": clock.now(),
        }

    created: Iterable[UUID]
    if runs_again(connection):  # who writes one of these in this moment makes this transaction start again
        created = sorted(rowless)
        if rowless:
            send(connection, QUERIES["claim_first"], params(rowless))
        if others := customers.keys() - rowless:
            send(connection, QUERIES["claim"], params(others))
    else:
        created = await values(connection, QUERIES["claim"], params(customers))
    await append_many(
        connection,
        [Event(name="customer.created", customer_id=id_, subject_id=id_) for id_ in created],
    )
    return who


async def prove(connection: Connection, proof: Proof) -> Proven:
    """Make a claimed address somebody's, in the caller's transaction; again it changes nothing.

    The claimant must have a row. Writes customer.created, customer.identified and customer.joined.
    """
    address = normalised(proof.kind, proof.value)
    own = customer_of_address(proof.kind, address)
    ids = [proof.claimant] + ([proof.browser] if proof.browser else [])
    leads = await finals(connection, ids)
    claimant = leads[proof.claimant]
    params = {
        "claimant": claimant,
        "own": own,
        "kind": proof.kind,
        "value": address,
        "language": proof.language,
        "word": word_of(proof.kind, address),
        "now": clock.now(),
    }
    # One after the other for each address: two proofs at once must not make two owners.
    send(connection, QUERIES["lock_address"], params)
    standing = await row(_Standing, connection, QUERIES["standing"], params)
    assert standing is not None
    owner = standing.owner_id
    if owner is not None:
        owner = (await finals(connection, [owner]))[owner]
    decided = verdict(
        claimant,
        owner,
        brought_by=leads.get(proof.browser) if proof.browser else None,
        address_own=own,
        has_address=standing.has_address,
    )
    return await _carry_out(connection, decided, claimant, owner, params)


async def _carry_out(
    connection: Connection,
    decided: ProofVerdict,
    claimant: UUID,
    owner: UUID | None,
    params: dict[str, object],
) -> Proven:
    events: list[Event] = []
    if decided is ProofVerdict.FOUND:
        owner = UUID(str(params["own"]))
        if await value(connection, QUERIES["found"], params) is not None:
            events.append(Event(name="customer.created", customer_id=owner, subject_id=owner))
    elif decided is ProofVerdict.KEEP:
        owner = claimant
    assert owner is not None
    if decided in (ProofVerdict.FOUND, ProofVerdict.KEEP):
        await execute(connection, QUERIES["own_address"], {**params, "owner": owner})
        properties = {"kind": params["kind"]}
        events.append(
            Event(name="customer.identified", customer_id=owner, subject_id=owner, properties=properties)
        )
    if decided is ProofVerdict.JOIN:
        await execute(connection, QUERIES["join"], {"claimant": claimant, "owner": owner})
        events.append(Event(name="customer.joined", customer_id=owner, subject_id=claimant))
    await append_many(connection, events)
    return Proven(owner, decided is ProofVerdict.JOIN)
