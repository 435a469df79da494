"""What people and programs send: read with limits, every problem named, nothing dropped in silence."""

import asyncio
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from safar.kernel.errors import BadRequest, InvalidInput
from safar.kernel.i18n import speaking
from safar.kernel.ids import new_id
from safar.kernel.web.forms import Fields, read_fields, read_json
from safar.kernel.web.requests import local_path


def _request(body: bytes, kind: str) -> Request:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    headers = [(b"content-type", kind.encode())]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": headers}, receive)


def _fields(body: bytes, kind: str) -> dict[str, str]:
    return dict(asyncio.run(read_fields(_request(body, kind))).values)


def test_a_form_and_a_json_object_are_read_alike() -> None:
    wanted = {"name": "Zahra زهرا", "quantity": "2"}
    assert _fields(b"name=Zahra+%D8%B2%D9%87%D8%B1%D8%A7&quantity=2", _FORM) == wanted
    assert _fields('{"name": "Zahra زهرا", "quantity": 2}'.encode(), _JSON) == wanted


def test_a_json_null_is_a_field_left_out_not_the_word_none() -> None:
    assert _fields(b'{"email": null, "name": "x"}', _JSON) == {"name": "x"}


_FORM, _JSON = "application/x-www-form-urlencoded", "application/json"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"{]",
        b"\xff\xfe",
        b'{"a": "\\ud800"}',
        b"[" * 100_000,
        b'{"a": NaN}',
    ],
)
def test_anything_but_a_json_object_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(BadRequest):
        asyncio.run(read_json(_request(body, _JSON)))


@given(st.binary(max_size=200))
def test_no_form_body_breaks_the_reading(body: bytes) -> None:
    for value in _fields(body, _FORM).values():
        assert isinstance(value, str)
        value.encode()  # no half characters that the database would refuse


def _problem(read: Callable[[Fields], object], value: str) -> bool:
    fields = Fields({"field": value})
    read(fields)
    return "field" in fields.problems


@pytest.mark.parametrize("bad", ["a\x00b", "a\x07b", "a\x1bb", "x" * 201, "", "   "])
def test_a_bad_text_is_a_problem(bad: str) -> None:
    assert _problem(lambda fields: fields.text("field"), bad)


def test_a_good_text_is_trimmed_and_may_have_lines() -> None:
    fields = Fields({"field": "  خیابان ولیعصر\nپلاک ۵ \t"})
    assert fields.text("field") == "خیابان ولیعصر\nپلاک ۵"
    assert fields.text("missing", required=False) == ""
    fields.done()


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("5", 5),
        (" 12 ", 12),
        ("۱۲", 12),
        ("١٢", 12),
        ("१२", 12),
        ("１２", 12),
        ("+3", 3),
        ("007", 7),
        ("100", 100),
    ],
)
def test_a_whole_number_is_read_in_the_digits_of_any_script(written: str, number: int) -> None:
    fields = Fields({"field": written})
    assert fields.integer("field", least=1, most=100) == number
    fields.done()


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "0",
        "-1",
        "101",
        "1.5",
        "1e2",
        "1_0",
        "½",
        "²",
        "ten",
        "0x10",
        "9" * 18,
        "9" * 5000,
        "NaN",
        "1 2",
        "۱٫۵",
    ],
)
def test_a_bad_number_is_a_problem_and_a_harmless_value(bad: str) -> None:
    fields = Fields({"field": bad})
    assert fields.integer("field", least=1, most=100) == 1
    with pytest.raises(InvalidInput):
        fields.done()


@given(st.text(max_size=30))
def test_a_number_is_always_within_its_limits(text: str) -> None:
    assert -5 <= Fields({"field": text}).integer("field", least=-5, most=5) <= 5


@pytest.mark.parametrize(
    "good", ["a@b.co", "First.Last+tag@Example.COM", "نام@مثال.ایران", "x_y@sub.domain.org"]
)
def test_an_email_address(good: str) -> None:
    fields = Fields({"field": good})
    assert fields.email("field") == good.lower()
    fields.done()


@pytest.mark.parametrize(
    "bad",
    [
        "a", "a@b", "@b.co", "a@", "a@b..co", "a@.co", "a b@c.de", "a@b.co, c@d.ef", "<a@b.co>", "a@@b.co",
        "a@b.co\nBcc: x@y.z", "a@b.co;c@d.ef", "a" * 65 + "@b.co", "a@" + "b" * 260 + ".co", "a\x00@b.co",
    ],
)  # fmt: skip
def test_no_email_address(bad: str) -> None:
    assert _problem(lambda fields: fields.email("field"), bad)


def test_every_problem_is_told_at_once_in_the_callers_language() -> None:
    with speaking("en"):
        fields = Fields({"email": "nobody", "quantity": "many", "kind": "other"})
        fields.text("name")
        fields.email("email")
        fields.integer("quantity", least=1, most=9)
        fields.choice("kind", {"one", "two"})
        with pytest.raises(InvalidInput) as refusal:
            fields.done()
    assert set(refusal.value.problems) == {"name", "email", "quantity", "kind"}
    assert refusal.value.status == 422
    assert "quantity: A whole number from 1 to 9." in str(refusal.value)


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example",
        "http:evil.example", "javascript:alert(1)", "evil.example", "", None, "/\t/evil.example",
        "/\n/evil.example", "/\r/evil.example", "\t//evil.example", " //evil.example",
        "/ok\r\nSet-Cookie: x=1", "/" + "x" * 500, "/\u2028/evil.example", "/\x00",
    ],
)  # fmt: skip
def test_a_redirect_never_leaves_this_site(target: str | None) -> None:
    assert local_path(target) == "/"
    assert local_path(target, "/home") == "/home"


@pytest.mark.parametrize(
    "target", ["/", "/cart", "/p/mug?lang=fa", "/search?q=چای&page=2", "/wait?next=%2Fcart"]
)
def test_a_path_of_this_site_is_kept(target: str) -> None:
    assert local_path(target, "/home") == target


def _number(
    text: str, *, least: int = 0, places: int = 3, signs: str = ""
) -> tuple[Decimal | None, str | None]:
    fields = Fields({"n": text})
    value = fields.number("n", least=least, most=100, places=places, signs=signs, required=False, wrong="no")
    return value, fields.problems.get("n")


def test_a_number_is_read_as_amounts_are_and_has_no_more_decimals_than_it_may() -> None:
    assert _number("8.5") == _number(" 8,5 ") == _number("۸٫۵") == (Decimal("8.5"), None)
    assert _number("20 %", signs="%٪") == _number("۲۰٪", signs="%٪") == (Decimal(20), None)
    assert _number("") == (None, None)
    for text in ("1e1", "-1", "100.001", "nan", "1.2345", "inf", "20%"):
        assert _number(text) == (None, "no"), text
    assert (
        _number("-12.25", least=-90) == _number("\N{MINUS SIGN}12,25", least=-90) == (Decimal("-12.25"), None)
    )
    assert _number("-91", least=-90) == (None, "no")


def test_a_number_that_can_be_read_in_two_ways_within_its_bounds_is_asked_about() -> None:
    fields = Fields({"n": "2,500"})
    assert fields.number("n", most=10_000, places=3, wrong="no") is None
    assert fields.problems["n"] == "“2,500” can be read in two ways. Write 2500.000 or 2.500."
    assert _number("2,500") == (None, "no"), "of two and a half thousand there is no question here"


def test_days_ids_and_boxes_are_read_by_one_rule() -> None:
    id_ = new_id()
    fields = Fields(
        {"day": "۲۰۲۷-۰۳-۲۱", "id": f" {id_} ", "on": "on", "off": "no", "zero": "0", "true": "True"}
    )
    assert fields.day("day") == date(2027, 3, 21)
    assert fields.day("none") is None
    assert fields.uuid("id") == id_
    assert [fields.ticked(name) for name in ("on", "true", "off", "zero", "none")] == [
        True,
        True,
        *[False] * 3,
    ]
    assert fields.optional_integer("none", least=1, most=2) is None
    assert fields.problems == {}
    wrong = Fields({"day": "21.3.2027", "late": "9999-01-01", "id": "x", "n": "3"})
    assert (wrong.day("day"), wrong.day("late"), wrong.optional_integer("n", least=1, most=2)) == (
        None,
        None,
        1,
    )
    assert isinstance(wrong.uuid("id", wrong="no"), UUID)
    assert wrong.problems == {
        "day": "A day such as 2027-03-21.",
        "late": "A day such as 2027-03-21.",
        "id": "no",
        "n": "A whole number from 1 to 2.",
    }


def test_units_of_a_list_leave_empty_rows_out_unless_each_is_needed() -> None:
    first, second = new_id(), new_id()
    fields = Fields({f"units-{first}": "2", f"units-{second}": " ", "other": "x"})
    assert fields.units() == {first: 2}
    assert fields.problems == {}
    assert fields.units(required=True) == {first: 2, second: 0}
    assert fields.problems.keys() == {f"units-{second}"}
    stray = Fields({"line-x": "1", f"line-{first}": "1000001"})
    assert stray.units("line-") == {first: 0}
    assert stray.problems["line-x"] == "Choose one of the options."
    assert stray.problems[f"line-{first}"].startswith("A whole number from 0")
