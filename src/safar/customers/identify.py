"""Who is behind an address: found, or made, once, however many ask at the same time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from uuid import UUID

import phonenumbers

from safar.customers.errors import NotAnAddress
from safar.customers.model import IdentityRequest
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute, in_one_trip, rows
from safar.kernel.ids import new_id
from safar.kernel.queries import queries_beside
from safar.kernel.text import ascii_digits, fold

QUERIES = queries_beside(__file__)
_WITHOUT_DOTS = frozenset({"gmail.com", "googlemail.com"})
Key = tuple[str, str]  # kind, normalised value


@dataclass(frozen=True, slots=True)
class _Owner:
    kind: str
    value: str
    customer_id: UUID
    nameless: bool
    countryless: bool
    merged: bool = False
    created: bool = False


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


def mailbox_of(email: str) -> str:
    """Return the mailbox that an e-mail address leads to, however it is written.

    What follows a + is a mark of its owner's; Gmail leaves dots out.
    """
    local, _at, domain = email.strip().lower().rpartition("@")
    local = local.partition("+")[0] or local
    if domain in _WITHOUT_DOTS:
        return f"{local.replace('.', '')}@gmail.com"
    return f"{local}@{domain}"


async def identify_many(connection: Connection, requests: Sequence[IdentityRequest]) -> list[UUID]:
    """Return who is behind each address; an address nobody has becomes one of a new or the given customer.

    For addresses that the shop vouches for (its own list): an address that is already somebody's stays
    theirs. Raises NotAnAddress. Writes customer.created and customer.identified.
    """
    keys = [(r.kind, normalised(r.kind, r.value, r.country)) for r in requests]
    given_ids = {r.customer_id for r in requests if r.customer_id}
    owners: dict[Key, _Owner]
    final_ids: dict[UUID, UUID]
    owners, final_ids = await in_one_trip(
        connection, _owners(connection, keys), finals(connection, given_ids)
    )
    missing: dict[Key, IdentityRequest] = {}
    for key, request in zip(keys, requests, strict=True):
        if key not in owners:
            missing.setdefault(key, request)
    written = await _write_missing(connection, missing, final_ids) if missing else {}
    written_by_others = missing.keys() - written.keys()
    owners |= written | (await _owners(connection, written_by_others) if written_by_others else {})
    words: dict[UUID, str] = {}
    for key, owner in written.items():
        if not owner.created:
            words[owner.customer_id] = f"{words.get(owner.customer_id, '')} {word_of(*key)}".strip()
    await _complete(connection, [(owners[k], r) for k, r in zip(keys, requests, strict=True)], words)
    return [owners[key].customer_id for key in keys]


async def _owners(connection: Connection, keys: Iterable[Key]) -> dict[Key, _Owner]:
    asked = as_json([{"kind": kind, "value": value} for kind, value in dict.fromkeys(keys)])
    owners = await rows(_Owner, connection, QUERIES["owners"], {"keys": asked})
    merged = await finals(connection, [owner.customer_id for owner in owners if owner.merged])
    return {
        (o.kind, o.value): replace(o, customer_id=merged.get(o.customer_id, o.customer_id)) if o.merged else o
        for o in owners
    }


async def finals(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Return, for each of these customers that has a row, the customer its merges lead to (or itself)."""
    unique_ids = list(dict.fromkeys(ids))
    if not unique_ids:
        return {}
    merges = await rows(_Final, connection, QUERIES["finals"], {"ids": unique_ids})
    return {final.start_id: final.id for final in merges}


async def _write_missing(
    connection: Connection, missing: Mapping[Key, IdentityRequest], final_ids: Mapping[UUID, UUID]
) -> dict[Key, _Owner]:
    """Write the addresses, and the customers of those that nobody else wrote meanwhile; return these."""
    identities = []
    new: dict[UUID, IdentityRequest] = {}
    with_row = set(final_ids.values())
    for (kind, value), request in sorted(missing.items(), key=itemgetter(0)):
        customer_id = (
            final_ids.get(request.customer_id, request.customer_id) if request.customer_id else new_id()
        )
        identities.append(
            {
                "id": new_id(),
                "customer_id": customer_id,
                "kind": kind,
                "value": value,
                "word": word_of(kind, value),
            }
        )
        if customer_id not in with_row:
            new.setdefault(customer_id, request)
    customers = [
        {
            "id": id_,
            "name": request.name or None,
            "language": request.language,
            "country": request.country or None,
            "search": fold(request.name or ""),
        }
        for id_, request in new.items()
    ]
    params = {"identities": as_json(identities), "customers": as_json(customers), "now": clock.now()}
    inserted = await rows(_Owner, connection, QUERIES["insert_missing"], params)
    created = dict.fromkeys(owner.customer_id for owner in inserted if owner.created)
    events = [Event(name="customer.created", customer_id=id_, subject_id=id_) for id_ in created]
    events += [
        Event(
            name="customer.identified",
            customer_id=o.customer_id,
            subject_id=o.customer_id,
            properties={"kind": o.kind},
        )
        for o in inserted
    ]
    await append_many(connection, events)
    return {(owner.kind, owner.value): owner for owner in inserted}


def word_of(kind: str, value: str) -> str:
    """Return what a search finds of an address: nothing of a browser's number."""
    return "" if kind == "visitor" else fold(value)


async def _complete(
    connection: Connection, pairs: Iterable[tuple[_Owner, IdentityRequest]], words: Mapping[UUID, str]
) -> None:
    """Fill in a name or a country that was not known, and what else finds a customer."""
    records = {id_: {"id": id_, "name": None, "country": None, "search": word} for id_, word in words.items()}
    for owner, request in pairs:
        name = request.name if owner.nameless else None
        country = request.country if owner.countryless else None
        if name or country:
            record = records.setdefault(owner.customer_id, {"id": owner.customer_id, "search": ""})
            record |= {"name": name or None, "country": country or None}
            record["search"] = f"{record['search']} {fold(name or '')}".strip()
    if records:
        await execute(
            connection, QUERIES["complete"], {"ids": list(records), "told": as_json(list(records.values()))}
        )
