"""Customers as a file: given out with their consent; handed in, looked at row by row, imported.

A file never overrules what a customer said: whoever has unsubscribed stays so.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from safar.catalogue.sheets.rows import Note
from safar.catalogue.sheets.uploads import (
    CHUNK,
    Outcome,
    SheetRow,
    lock_upload,
    mark_until,
    mark_written,
    next_to_write,
    open_upload,
    save_rows,
    upload_of,
)
from safar.customers.actions import CustomerRecord, import_many
from safar.customers.sheets.rows import EXPORTED
from safar.kernel.database import Connection, Database, rows
from safar.kernel.keyset import FIRST_ID
from safar.kernel.queries import queries_beside
from safar.kernel.sheets import Value
from safar.kernel.web.csv_answer import csv_moment

QUERIES = queries_beside(__file__)
KIND = "customers"
_EXPORT_SIZE = 1000
_WRONG: Outcome = "wrong"


@dataclass(frozen=True, slots=True)
class _Known:
    """Somebody whose address is in the file."""

    email: str
    name: str | None
    country: str | None
    consent: bool | None


@dataclass(frozen=True, slots=True)
class _Exported:
    id: UUID
    email: str
    name: str | None
    language: str
    country: str | None
    consent: bool | None
    source: str | None
    changed_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ConsentOrigin:
    """What the form says of the whole file: where consent comes from, and whether everybody in it gave it."""

    text: str
    everybody: bool


async def customer_rows(database: Database, zone: str) -> AsyncIterator[list[Sequence[Value]]]:
    """Give customers with an address and their consent, the header first; no connection between pieces."""
    yield [EXPORTED]
    after = FIRST_ID
    while True:
        async with database.connection() as connection:
            params = {"after": after, "limit": _EXPORT_SIZE}
            records = await rows(_Exported, connection, QUERIES["exported"], params)
        if not records:
            return
        after = records[-1].id
        yield [
            (
                customer.email,
                customer.name or "",
                customer.language,
                customer.country or "",
                {True: "yes", False: "no"}.get(customer.consent, "") if customer.consent is not None else "",
                customer.source or "",
                csv_moment(customer.changed_at, zone),
                csv_moment(customer.created_at, zone),
            )
            for customer in records
        ]


async def review_customers(
    connection: Connection,
    upload_id: UUID,
    name: str,
    table: Mapping[str, Any],
    *,
    language: str,
    origin: ConsentOrigin,
    staff_id: UUID,
) -> None:
    """Keep a file with what each of its rows would do; nothing is written to customers."""
    columns = {"known": table["columns"], "ignored": table["ignored"]}
    await open_upload(connection, upload_id, KIND, name, columns, staff_id=staff_id)
    seen: dict[str, int] = {}
    for start in range(0, len(table["rows"]), CHUNK):
        lines = table["rows"][start : start + CHUNK]
        emails = [record["email"] for _number, record, _problems in lines if "email" in record]
        known = {
            customer.email: customer
            for customer in await rows(_Known, connection, QUERIES["known"], {"emails": emails})
        }
        reviewed = []
        for number, typed, problems in lines:
            record = _whole(typed, name, language, origin)
            notes = problems or _problems(number, record, seen)
            outcome, shown = _outcome(record, known.get(record["email"])) if not notes else (_WRONG, notes)
            kept = typed if problems else record  # what was wrong is given back as it was
            reviewed.append(SheetRow(number, record.get("email", ""), outcome, kept, shown))
        await save_rows(connection, upload_id, reviewed)


def _whole(typed: Mapping[str, Any], file: str, language: str, origin: ConsentOrigin) -> dict[str, Any]:
    """Return a row with what the form says of all of them."""
    consent = typed.get("consent", origin.everybody)
    source = typed.get("consent_source") or origin.text
    proof = {"origin": source, "given_on": typed.get("consent_on", ""), "file": file}
    record = {"language": language, **typed, "consent": consent, "consent_source": source}
    return record | {"proof": {key: text for key, text in proof.items() if text} if consent else {}}


def _problems(number: int, record: Mapping[str, Any], seen: dict[str, int]) -> list[Note]:
    if seen.setdefault(record["email"], number) != number:
        return [("email", "email_twice", str(seen[record["email"]]))]
    if record["consent"] and not record["consent_source"]:
        return [("consent_source", "needed_with_consent", "")]
    return []


def _outcome(record: Mapping[str, Any], known: _Known | None) -> tuple[Outcome, list[Note]]:
    consent = [("consent", "", record["consent_source"])] if record["consent"] else []
    if known is None:
        name = [("name", "", record["name"])] if record.get("name") else []
        return "new", [*name, *consent]
    notes: list[Note] = []
    if record.get("name") and not known.name:
        notes.append(("name", "", record["name"]))
    if record.get("country") and not known.country:
        notes.append(("country", "", record["country"]))
    if record["consent"] and known.consent is None:
        notes += consent
    return ("changed", notes) if notes else ("same", [])


async def write_customers(database: Database, upload_id: UUID, *, staff_id: UUID) -> int:
    """Import the rows of a file that are right, some hundred in each transaction; return how many.

    Asked again after a break it goes on where it stopped. Writes customer.created, customer.identified and
    consent.given. Raises AlreadyWritten, NotFound.
    """
    while True:
        async with database.transaction() as connection:
            await lock_upload(connection, upload_id)
            upload = await upload_of(connection, upload_id, KIND)
            lines = await next_to_write(connection, upload_id)
            if not lines:
                await mark_written(connection, upload_id, upload.written)
                return upload.written
            await import_many(connection, [_record_of(line) for line in lines], staff_id=staff_id)
            await mark_until(connection, upload_id, lines[-1].number, upload.written + len(lines))


def _record_of(line: SheetRow) -> CustomerRecord:
    record = line.record
    return CustomerRecord(
        name=record.get("name"),
        email=record["email"],
        language=record["language"],
        country=record.get("country"),
        consent=record["consent"],
        proof=record["proof"],
    )
