"""Pages found by key: what an address says of where one begins."""

from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.kernel.keyset import cut, key_moment, key_number, page_key, parse_page_key

_ZONES = st.builds(timezone, st.integers(-12 * 60, 14 * 60).map(lambda minutes: timedelta(minutes=minutes)))


@given(st.datetimes(timezones=_ZONES), st.uuids())
def test_a_key_of_a_moment_is_read_as_it_was_written_even_without_its_plus(at: datetime, id_: UUID) -> None:
    key = page_key(at, id_)
    assert parse_page_key(key, key_moment, UUID) == (at, id_)
    assert parse_page_key(key.replace("+", " "), key_moment, UUID) == (at, id_)


@given(st.text(), st.uuids())
def test_a_name_may_have_the_sign_that_parts_a_key(name: str, id_: UUID) -> None:
    assert parse_page_key(page_key(name, id_), str, UUID) == (name, id_)


@given(st.dates(), st.uuids(), st.uuids())
def test_a_key_has_as_many_parts_as_its_list_is_sorted_by(on: date, first: UUID, second: UUID) -> None:
    key = page_key(on, first, second)
    assert parse_page_key(key, date.fromisoformat, UUID, UUID) == (on, first, second)
    assert parse_page_key(key, key_moment, UUID) is None


@pytest.mark.parametrize("text", [None, "", "~", "a~b", "2026-12-01T10:00~x", "2026-12-01T10:00~" + "0" * 32])
def test_what_is_no_key_is_the_first_page(text: str | None) -> None:
    assert parse_page_key(text, key_moment, UUID) is None


@pytest.mark.parametrize("text", ["1~9223372036854775808", "1~" + "9" * 20, "1~1e5", "1~" + "9" * 5000])
def test_a_number_that_no_column_holds_is_no_key(text: str) -> None:
    assert parse_page_key(text, key_number, key_number) is None
    assert parse_page_key("-1~9223372036854775807", key_number, key_number) == (-1, 2**63 - 1)


def test_a_page_ends_with_the_row_after_which_the_next_begins() -> None:
    assert cut([1, 2, 3], 2) == ([1, 2], 2)
    assert cut([1, 2], 2) == ([1, 2], None)
    assert cut([], 2) == ([], None)
    assert parse_page_key(page_key(datetime(2026, 12, 1, tzinfo=UTC), UUID(int=1)), UUID, UUID) is None
