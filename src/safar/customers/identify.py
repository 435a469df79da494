"""Who is behind an address: found, or made, once, however many ask at the same time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

import phonenumbers

from safar.customers.errors import NotAnAddress
from safar.customers.model import IdentityRequest
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute, rows
from safar.kernel.ids import new_id
from safar.kernel.queries import queries_beside
from safar.kernel.text import ascii_digits, fold

QUERIES = queries_beside(__file__)
Key = tuple[str, str]  # kind, normalised value


@dataclass(frozen=True, slots=True)
class _Owner:
    kind: str
    value: str
    customer_id: UUID
    merged: bool = False
    incomplete: bool = False


@dataclass(frozen=True, slots=True)
class _Inserted:
    kind: str
    value: str
    customer_id: UUID


@dataclass(frozen=True, slots=True)
class _Id:
    id: UUID


@dataclass(frozen=True, slots=True)
class _Final:
    start_id: UUID
    id: UUID


def normalised(kind: str, value: str, country: str | None = None) -> str:
    """Return an address as it is kept: e-mail in lower case, phone as E.164, others trimmed.

    A phone number without + is read as one of `country` (ISO 3166 alpha-2). Raises NotAnAddress.
    """
    text = value.strip()
    if kind == "email":
        if text.count("@") != 1 or text.startswith("@") or text.endswith("@") or len(text) > 254:
            raise NotAnAddress
        return text.lower()
    if kind == "phone":
        try:
            phone = phonenumbers.parse(ascii_digits(text), country)
        except phonenumbers.NumberParseException:
            raise NotAnAddress from None
        if not phonenumbers.is_possible_number(phone):
            raise NotAnAddress
        return phonenumbers.format_number(phone, phonenumbers.PhoneNumberFormat.E164)
    if not text:
        raise NotAnAddress
    return text


async def identify_many(connection: Connection, requests: Sequence[IdentityRequest]) -> list[UUID]:
    """Return who is behind each address; an address nobody has becomes one of a new or the given customer.

    An address that is already somebody's stays theirs: the given `customer_id` then counts as one of
    their browsers when it has no row of its own. Raises NotAnAddress. Writes customer.created and
    customer.identified.
    """
    keys = [(r.kind, normalised(r.kind, r.value, r.country)) for r in requests]
    owners = await _owners(connection, keys)
    events: list[Event] = []
    missing: dict[Key, IdentityRequest] = {}
    for key, request in zip(keys, requests, strict=True):
        if key not in owners:
            missing.setdefault(key, request)
    if missing:
        events += await _write_missing(connection, missing)
        owners |= await _owners(connection, list(missing))
    answers = [owners[key].customer_id for key in keys]
    await _complete(connection, [(owners[k], r) for k, r in zip(keys, requests, strict=True)])
    strangers = {r.customer_id: a for r, a in zip(requests, answers, strict=True) if r.customer_id}
    await _link_browsers(connection, {v: a for v, a in strangers.items() if v != a})
    await append_many(connection, events)
    return answers


async def _owners(connection: Connection, keys: Sequence[Key]) -> dict[Key, _Owner]:
    asked = as_json([{"kind": kind, "value": value} for kind, value in dict.fromkeys(keys)])
    found = await rows(_Owner, connection, QUERIES["owners"], {"keys": asked})
    merged = await finals(connection, [owner.customer_id for owner in found if owner.merged])
    return {
        (o.kind, o.value): _Owner(
            o.kind, o.value, merged.get(o.customer_id, o.customer_id), o.merged, o.incomplete
        )
        for o in found
    }


async def finals(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Return, for each of these customers that has a row, the customer its merges lead to (or itself)."""
    asked = list(dict.fromkeys(ids))
    if not asked:
        return {}
    found = await rows(_Final, connection, QUERIES["finals"], {"ids": asked})
    return {final.start_id: final.id for final in found}


async def _write_missing(connection: Connection, missing: dict[Key, IdentityRequest]) -> list[Event]:
    """Write the addresses, then the customers of those addresses that nobody else wrote meanwhile."""
    homes = await finals(connection, [r.customer_id for r in missing.values() if r.customer_id])
    identities = [
        {
            "id": new_id(),
            "customer_id": homes.get(request.customer_id, request.customer_id)
            if request.customer_id
            else new_id(),
            "kind": kind,
            "value": value,
        }
        for (kind, value), request in sorted(missing.items(), key=lambda item: item[0])
    ]
    params = {"identities": as_json(identities), "now": clock.now()}
    won = await rows(_Inserted, connection, QUERIES["insert_identities"], params)
    first = {i.customer_id: missing[i.kind, i.value] for i in reversed(won)}
    words: dict[UUID, list[str]] = {}
    for identity in won:
        words.setdefault(identity.customer_id, []).append(_word(identity.kind, identity.value))
    created = await create_customers(
        connection,
        [
            (id, request, " ".join(words[id]))
            for id, request in first.items()
            if id not in homes.values()
        ],
    )  # fmt: skip
    attached = [
        {"id": id, "name": None, "country": None, "search": fold(" ".join(found))}
        for id, found in words.items()
        if id not in created
    ]
    if attached:
        await execute(connection, QUERIES["complete"], {"told": as_json(attached)})
    events = [Event(name="customer.created", customer_id=id, subject_id=id) for id in created]
    return events + [
        Event(name="customer.identified", customer_id=i.customer_id, subject_id=i.customer_id,
              properties={"kind": i.kind})
        for i in won
    ]  # fmt: skip


def _word(kind: str, value: str) -> str:
    """Return what a search finds of an address: nothing of a browser's number."""
    return "" if kind == "visitor" else value


async def create_customers(
    connection: Connection, wanted: Sequence[tuple[UUID, IdentityRequest, str]]
) -> list[UUID]:
    """Write the customers that have no row yet; return those that were written now."""
    if not wanted:
        return []
    customers = [
        {
            "id": id,
            "name": request.name or None,
            "language": request.language,
            "country": request.country or None,
            "search": fold(f"{request.name or ''} {words}"),
        }
        for id, request, words in wanted
    ]
    params = {"customers": as_json(customers), "now": clock.now()}
    return [row.id for row in await rows(_Id, connection, QUERIES["insert_customers"], params)]


async def _complete(connection: Connection, pairs: Sequence[tuple[_Owner, IdentityRequest]]) -> None:
    """Fill in a name or a country that was not known."""
    told = {
        owner.customer_id: {
            "id": owner.customer_id,
            "name": request.name or None,
            "country": request.country or None,
            "search": fold(request.name or ""),
        }
        for owner, request in pairs
        if owner.incomplete and (request.name or request.country)
    }
    if told:
        await execute(connection, QUERIES["complete"], {"told": as_json(list(told.values()))})


async def _link_browsers(connection: Connection, strangers: dict[UUID, UUID]) -> None:
    """Remember that a browser without a customer of its own turned out to be this customer's."""
    if not strangers:
        return
    with_row = await finals(connection, strangers)
    identities = [
        {"id": new_id(), "customer_id": customer, "kind": "visitor", "value": str(visitor)}
        for visitor, customer in strangers.items()
        if visitor not in with_row
    ]
    if identities:
        params = {"identities": as_json(identities), "now": clock.now()}
        await execute(connection, QUERIES["insert_identities"], params)
