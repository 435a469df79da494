"""The verbs of the customers room: claim, prove, ensure, consent, import; and the card that others show.

Plural, in the caller's transaction, idempotent by what they are about; addresses are written in sorted order.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from safar.customers.claims import claim_addresses_many, customer_of_address, prove, write_claims
from safar.customers.identify import QUERIES, finals, identify_many, normalised
from safar.customers.model import (
    AddressClaim,
    Consent,
    CustomerCard,
    CustomerRecord,
    IdentityRequest,
    Proof,
    Proven,
    Provisional,
)
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute, rows, values
from safar.kernel.ids import new_id

__all__ = [
    "AddressClaim",
    "Consent",
    "CustomerCard",
    "CustomerRecord",
    "IdentityRequest",
    "Proof",
    "Proven",
    "Provisional",
    "claim_addresses_many",
    "consent_many",
    "customer_cards",
    "customer_of_address",
    "ensure_many",
    "finals",
    "identify_many",
    "import_many",
    "normalised",
    "prove",
    "write_claims",
]


@dataclass(frozen=True, slots=True)
class _ConsentKey:
    customer_id: UUID
    channel: str


async def ensure_many(connection: Connection, visitors: Sequence[Provisional]) -> list[None]:
    """Give each provisional customer a row if it has none. Writes customer.created."""
    wanted = {v.customer_id: v for v in visitors}
    known = await finals(connection, wanted)
    customers = [
        {"id": id_, "language": visitor.language, "search": ""}
        for id_, visitor in wanted.items()
        if id_ not in known
    ]
    created = await _create(connection, customers) if customers else []
    if created:
        identities = [
            {"id": new_id(), "customer_id": id, "kind": "visitor", "value": str(id)} for id in created
        ]
        params = {"identities": as_json(identities), "now": clock.now()}
        await execute(connection, QUERIES["insert_identities"], params)
        events = [Event(name="customer.created", customer_id=id, subject_id=id) for id in created]
        await append_many(connection, events)
    return [None] * len(visitors)


async def _create(connection: Connection, customers: Sequence[dict[str, Any]]) -> list[UUID]:
    """Write the customers that have no row yet; return those that were written now."""
    params = {"customers": as_json(customers), "now": clock.now()}
    return await values(connection, QUERIES["insert_customers"], params)


async def consent_many(connection: Connection, consents: Sequence[Consent]) -> list[bool]:
    """Set each consent (of several for one channel the last counts); tell which changed something.

    A customer without a row has none. Writes consent.given and consent.withdrawn for changes only.
    """
    wanted = {(c.customer_id, c.channel): c for c in consents}
    params = {"consents": as_json(list(wanted.values())), "now": clock.now()}
    written = await rows(_ConsentKey, connection, QUERIES["set_consents"], params)
    changed = {(key.customer_id, key.channel) for key in written}
    await append_many(
        connection,
        [
            Event(
                name="consent.given" if c.given else "consent.withdrawn",
                customer_id=c.customer_id,
                subject_id=c.customer_id,
                staff_id=c.staff_id,
                properties={"channel": c.channel, "source": c.source},
            )
            for key, c in wanted.items()
            if key in changed
        ],
    )
    return [(c.customer_id, c.channel) in changed and wanted[c.customer_id, c.channel] is c for c in consents]


async def import_many(
    connection: Connection, records: Sequence[CustomerRecord], *, staff_id: UUID | None = None
) -> list[UUID]:
    """Write customers by their e-mail; an import never overrules what a customer said about consent.

    A record without consent writes none: to say nothing is not to have refused, and has the same effect.
    """
    ids = await identify_many(
        connection,
        [
            IdentityRequest(kind="email", value=r.email, language=r.language, name=r.name, country=r.country)
            for r in records
        ],
    )
    params = {"ids": list(set(ids)), "channel": "email"}
    asked = {
        key.customer_id for key in await rows(_ConsentKey, connection, QUERIES["with_consent_row"], params)
    }
    await consent_many(
        connection,
        [
            Consent(id, "email", True, "import", record.proof, staff_id)
            for id, record in zip(ids, records, strict=True)
            if record.consent and id not in asked
        ],
    )
    return ids


async def customer_cards(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, CustomerCard]:
    """Return what to show of each customer, by the id asked for; those without a row are left out."""
    leads = await finals(connection, ids)
    if not leads:
        return {}
    cards = await rows(CustomerCard, connection, QUERIES["cards"], {"ids": list(set(leads.values()))})
    by_id = {card.id: card for card in cards}
    return {asked: by_id[final] for asked, final in leads.items()}
