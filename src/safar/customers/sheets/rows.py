"""Customers as rows of a file, with the headings that other programs give their columns. No I/O."""

from collections.abc import Mapping, Sequence
from typing import Any

from safar.catalogue.sheets.rows import Note, WrongCell
from safar.kernel import sheets
from safar.kernel.i18n import LANGUAGES
from safar.kernel.sheets import UnreadableSheet
from safar.kernel.text import fold
from safar.kernel.web.forms import Fields

COLUMNS = ("email", "name", "language", "country", "consent", "consent_source", "consent_on")
EXPORTED = (*COLUMNS, "since")
# What the columns are called elsewhere.
_ALSO: Mapping[str, str] = {
    "e-mail": "email", "email_address": "email", "e-mail_address": "email", "mail": "email",
    "full_name": "name", "customer_name": "name", "lang": "language", "locale": "language",
    "country_code": "country", "subscribed": "consent", "opt_in": "consent", "accepts_marketing": "consent",
    "accepts_email_marketing": "consent", "email_marketing_consent": "consent", "source": "consent_source",
    "opt_in_source": "consent_source", "consent_date": "consent_on", "opt_in_date": "consent_on",
    "confirm_time": "consent_on", "optin_time": "consent_on",
    "first_name": "first_name", "last_name": "last_name",
}  # fmt: skip
_YES = frozenset({"yes", "y", "true", "1", "subscribed", "ja", "sim", "x"})
_NO = frozenset({"no", "n", "false", "0", "unsubscribed", "nao", "nein"})
_NAMES = ("first_name", "last_name")
_SHOWN_MAX = 60


def read_customer_rows(body: bytes) -> dict[str, Any]:
    """Return a file as JSON-able {"columns", "ignored", "rows": [[number, record, problems], …]}.

    Of a file that cannot be used: {"problem": code}.
    """
    try:
        table = sheets.read_table(body)
    except UnreadableSheet as refused:
        return {"problem": str(refused)}
    top = next(number for number, cells in enumerate(table) if cells)
    header = [fold(text).replace(" ", "_") for text in table[top]]
    names = [_ALSO.get(name, name) for name in header]
    known = {place: name for place, name in enumerate(names) if name in {*COLUMNS, *_ALSO.values()}}
    if len(set(known.values())) != len(known):
        return {"problem": "column_twice"}
    if "email" not in known.values():
        return {"problem": "no_email_column"}
    rows = [
        [number, *_record({name: _at(cells, place) for place, name in known.items()})]
        for number, cells in enumerate(table[top + 1 :], top + 2)
        if any(cells)
    ]
    if not rows:
        return {"problem": "empty"}
    ignored = [text[:_SHOWN_MAX] for place, text in enumerate(table[top]) if text and place not in known]
    columns = dict.fromkeys("name" if name in _NAMES else name for name in known.values())
    return {"columns": list(columns), "ignored": ignored, "rows": rows}


def _record(texts: dict[str, str]) -> tuple[dict[str, Any], list[Note]]:
    named = texts.get("name") or f"{texts.get('first_name', '')} {texts.get('last_name', '')}".strip()
    record: dict[str, Any] = {}
    problems: list[Note] = []
    readers = (
        ("email", texts.get("email", ""), _email),
        ("name", named, _short),
        ("language", texts.get("language", ""), _language),
        ("country", texts.get("country", ""), _country),
        ("consent", texts.get("consent", ""), _consent),
        ("consent_source", texts.get("consent_source", ""), _short),
        ("consent_on", texts.get("consent_on", ""), _short),
    )
    for name, text, read in readers:
        try:
            if text:
                record[name] = read(text)
        except WrongCell as wrong:
            problems.append((name, wrong.code, wrong.value or text[:_SHOWN_MAX]))
    if not texts.get("email"):
        problems.append(("email", "needed", ""))
    return record, problems


def _email(text: str) -> str:
    fields = Fields({"email": text})
    email = fields.email("email")
    if fields.problems:
        raise WrongCell("not_an_email")
    return email


def _short(text: str) -> str:
    fields = Fields({"text": text})
    read = fields.text("text", length_max=100)
    if fields.problems:
        raise WrongCell("too_long" if len(text) > 100 else "not_text")
    return read


def _language(text: str) -> str:
    """Return a language of ours: en for en-GB, pt-BR for pt."""
    wanted = text.replace("_", "-").lower()
    for code in LANGUAGES:
        if wanted in (code.lower(), code.lower().partition("-")[0]):
            return code
    short = wanted.partition("-")[0]
    language = next((code for code in LANGUAGES if code.lower().partition("-")[0] == short), None)
    if language is None:
        raise WrongCell("not_a_language")
    return language


def _country(text: str) -> str:
    if len(text) != 2 or not text.isascii() or not text.isalpha():
        raise WrongCell("not_a_country")
    return text.upper()


def _consent(text: str) -> bool:
    word = fold(text)
    if word not in _YES | _NO:
        raise WrongCell("not_yes_or_no")
    return word in _YES


def _at(cells: Sequence[str], place: int) -> str:
    return cells[place] if place < len(cells) else ""
