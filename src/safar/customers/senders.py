"""Who writes by a messenger: known by the names that its provider has proven, each within its scope."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from safar.customers.identify import QUERIES, finals, word_of
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, rows, values
from safar.kernel.ids import derived_id, new_id
from safar.kernel.text import fold


@dataclass(frozen=True, slots=True)
class KnownAs:
    """One name of somebody: the key of an identity, exactly as the provider gives it."""

    kind: str
    value: str
    scope: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSender:
    """Somebody who wrote: all their names, the one that decides first first."""

    names: tuple[KnownAs, ...]
    language: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class NewName:
    """The provider knows somebody by another name from now on."""

    before: KnownAs
    after: KnownAs


@dataclass(frozen=True, slots=True)
class _NameOwner:
    kind: str
    value: str
    scope: str
    customer_id: UUID

    @property
    def known_as(self) -> KnownAs:
        return KnownAs(self.kind, self.value, self.scope)


async def owners_of_names(connection: Connection, names: Iterable[KnownAs]) -> dict[KnownAs, UUID]:
    """Return whose each name is, as far as it is somebody's."""
    asked = as_json(list(dict.fromkeys(names)))
    found = await rows(_NameOwner, connection, QUERIES["owners_of_names"], {"names": asked})
    leads = await finals(connection, [owner.customer_id for owner in found])
    return {owner.known_as: leads[owner.customer_id] for owner in found}


async def customers_of_senders(connection: Connection, senders: Sequence[MessageSender]) -> list[UUID]:
    """Return who each sender is; who was never heard of becomes a customer.

    The first of their names that is somebody's decides; names that are nobody's become theirs. A name that is
    somebody else's stays so. The id of a new customer follows from their first name: two first messages at
    the same time make one customer. Writes customer.created and customer.identified.
    """
    if not senders:
        return []
    owners = await owners_of_names(connection, (name for sender in senders for name in sender.names))
    who: list[UUID] = []
    new_customers: dict[UUID, dict[str, object]] = {}
    new_names: dict[KnownAs, UUID] = {}
    for sender in senders:
        lead = next((owners[name] for name in sender.names if name in owners), None)
        if lead is None:
            first = sender.names[0]
            lead = derived_id("customer of", first.kind, first.scope, first.value)
            new_customers[lead] = {
                "id": lead,
                "name": sender.name or None,
                "language": sender.language,
                "country": None,
                "search": fold(sender.name or ""),
            }
        for name in sender.names:
            if name not in owners:
                owners[name] = new_names[name] = lead
        who.append(lead)
    if new_names:
        await _write(connection, new_customers, new_names)
    return who


async def _write(
    connection: Connection, customers: dict[UUID, dict[str, object]], names: dict[KnownAs, UUID]
) -> None:
    now = clock.now()
    params = {"customers": as_json([customers[id_] for id_ in sorted(customers)]), "now": now}
    created = await values(connection, QUERIES["insert_customers"], params) if customers else []
    records = [
        {
            "id": new_id(),
            "customer_id": customer_id,
            "kind": name.kind,
            "value": name.value,
            "scope": name.scope,
            "word": word_of(name.kind, name.value),
        }
        for name, customer_id in sorted(names.items(), key=lambda item: (item[0].kind, item[0].value))
    ]
    params = {"identities": as_json(records), "now": now}
    written = await rows(_NameOwner, connection, QUERIES["insert_names"], params)
    events = [Event(name="customer.created", customer_id=id_, subject_id=id_) for id_ in created]
    events += [
        Event(
            name="customer.identified",
            customer_id=owner.customer_id,
            subject_id=owner.customer_id,
            properties={"kind": owner.kind},
        )
        for owner in written
    ]
    await append_many(connection, events)


async def rename_many(connection: Connection, changes: Sequence[NewName]) -> None:
    """Keep somebody's new names; the old ones are nobody's any more, as numbers go to others.

    A new name that is somebody else's stays theirs.
    """
    owners = await owners_of_names(connection, [name for c in changes for name in (c.before, c.after)])
    fresh = {
        change.after: owners[change.before]
        for change in changes
        if change.before in owners and change.after not in owners
    }
    if fresh:
        await _write(connection, {}, fresh)
    gone = [change.before for change in changes if change.before in owners and change.before != change.after]
    if gone:
        await values(connection, QUERIES["forget_names"], {"names": as_json(gone)})
