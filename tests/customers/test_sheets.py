"""A file of customers: each row looked at before anything is written, consent only with its source."""

import csv
import io
import re
from typing import Any

import httpx
import pytest

from safar.console.build import build_console
from safar.customers.actions import Consent, consent_many, identify_many
from safar.customers.model import IdentityRequest
from safar.customers.sheets.rows import read_customer_rows
from safar.kernel.context import Context
from safar.kernel.sheets import write_xlsx
from tests.stage.people import signed_in
from tests.stage.serving import Serve

_CSV = """Email Address,First Name,Last Name,Language,Country,Subscribed,Source,Shoe size
ANA@x.example,Ana,Torres,pt,br,yes,fair in May,38
ali@x.example,علی‌رضا,,fa,,yes,,41
gone@x.example,Gone,,en,GB,yes,fair in May,
nobody,No,Address,en,,yes,fair,
ana@x.example,Ana,Again,,,no,,
late@x.example,Late,,xx,United Kingdom,maybe,,
""".encode()


@pytest.fixture
async def base(context: Context, serve: Serve) -> str:
    return await serve(build_console(context))


async def hand_in(client: httpx.AsyncClient, body: bytes, **fields: str) -> httpx.Response:
    file = {"file": ("people.csv", body, "text/csv")}
    # Files are read in a process of their own.
    return await client.post("/customers/files/uploads", data=fields, files=file, timeout=60)


async def known(context: Context) -> list[tuple[Any, ...]]:
    async with context.database.connection() as connection:
        cursor = await connection.execute(
            "SELECT i.value, c.name, c.language, c.country, k.given, r.proof ->> 'origin'"
            " FROM customers AS c JOIN customer_identities AS i ON i.customer_id = c.id AND i.kind = 'email'"
            " LEFT JOIN customer_consents AS k ON k.customer_id = c.id"
            " LEFT JOIN consent_records AS r ON r.customer_id = c.id AND r.given ORDER BY i.value"
        )
        return await cursor.fetchall()


async def test_rows_are_shown_with_their_errors_and_imported_once(base: str, context: Context) -> None:
    async with context.database.transaction() as connection:
        request = IdentityRequest(kind="email", value="gone@x.example", language="en")
        (gone,) = await identify_many(connection, [request])
        await consent_many(connection, [Consent(gone, "email", False, "unsubscribe")])
    async with await signed_in(context, base, "manager") as client:
        path = (await hand_in(client, _CSV, origin="old shop")).headers["location"]
        shown = (await client.get(path)).text
        assert len(await known(context)) == 1, "looking imports nobody"
        for said in (
            "Unknown columns, ignored: Shoe size",
            "Import 3 rows, skip 3",
            "is not an e-mail address: “nobody”",
            "is in row 2 already",
            "is not a language of this shop: “xx”",
            "must be two letters such as GB",
        ):
            assert said in re.sub(r"\s+", " ", shown), said
        wrong = list(csv.reader(io.StringIO((await client.get(f"{path}/wrong.csv")).text.lstrip("\ufeff"))))
        columns = ["email", "name", "language", "country", "consent", "consent_source"]
        assert wrong[0][:6] == columns, "a first and a last name are one name"
        assert [row[0] for row in wrong[1:]] == ["nobody", "ana@x.example", "late@x.example"]
        assert wrong[3][:6] == ["late@x.example", "Late", "xx", "United Kingdom", "maybe", ""]
        assert wrong[1][6] == "5", "with the number of its row, and why"
        assert "is not an e-mail address" in wrong[1][7]
        for _time in range(2):  # a second click imports nothing twice
            assert (await client.post(path)).status_code in (303, 409)
        assert "3 rows imported" in (await client.get(path)).text
        assert await known(context) == [
            ("ali@x.example", "علی‌رضا", "fa", None, True, "old shop"),
            ("ana@x.example", "Ana Torres", "pt-BR", "BR", True, "fair in May"),
            ("gone@x.example", "Gone", "en", "GB", False, None),
        ]
        given = (await client.get("/customers/files/customers.csv")).text
        assert "ana@x.example,Ana Torres,pt-BR,BR,yes,import," in given
        assert "gone@x.example,Gone,en,GB,no,unsubscribe," in given
        assert (await client.get("/customers/files/customers.xlsx")).content[:2] == b"PK"


async def test_consent_needs_a_source_and_a_file_without_it_subscribes_nobody(
    base: str, context: Context
) -> None:
    people = b"email,name\na@x.example,A\nb@x.example,B\n"
    async with await signed_in(context, base, "manager") as client:
        assert (await hand_in(client, people, everybody="yes", origin="")).status_code == 422
        sure = await hand_in(client, b"email,consent\na@x.example,yes\n")
        assert "say where the consent comes from" in (await client.get(sure.headers["location"])).text
        silent = await hand_in(client, people)
        assert (await client.post(silent.headers["location"])).status_code == 303
        assert [row[4] for row in await known(context)] == [None, None]
        sure = await hand_in(client, people, everybody="yes", origin="paper list")
        assert (await client.post(sure.headers["location"])).status_code == 303
    assert [(row[4], row[5]) for row in await known(context)] == [(True, "paper list")] * 2


async def test_only_managers_import_and_export(base: str, context: Context) -> None:
    async with await signed_in(context, base, "agent") as client:
        assert (await client.get("/customers/files")).status_code == 403
        assert (await client.get("/customers/files/customers.csv")).status_code == 403
        assert (await hand_in(client, _CSV)).status_code == 403


def test_a_spreadsheet_is_read_as_a_csv_and_what_is_neither_is_refused() -> None:
    table = read_customer_rows(write_xlsx([("E-mail", "Consent"), ("a@x.example", "yes")], "people"))
    assert table["rows"] == [[2, {"email": "a@x.example", "consent": True}, []]]
    assert read_customer_rows(b"name\nAda\n") == {"problem": "no_email_column"}
    assert read_customer_rows(b"email,e-mail\na,b\n") == {"problem": "column_twice"}
    assert read_customer_rows(b"PK\x03\x04 broken") == {"problem": "not_a_sheet"}
    assert read_customer_rows(b"email\n") == {"problem": "empty"}
