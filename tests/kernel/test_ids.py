"""Ids: in the order they were made, derived the same every time, and never a crash for a bad one."""

from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.kernel.errors import NotFound
from safar.kernel.ids import derived_id, new_id, parse_id


def test_new_ids_are_version_7_unique_and_in_order() -> None:
    ids = [new_id() for _id in range(5000)]
    assert all(type(id) is UUID and id.version == 7 for id in ids)
    assert len(set(ids)) == len(ids)
    assert ids == sorted(ids), "rows written together lie together"


_PARTS = st.lists(
    st.text(st.one_of(st.sampled_from("\x1f\\u"), st.characters(codec="utf-8")), max_size=5), max_size=3
)


@given(_PARTS, _PARTS)
def test_a_derived_id_is_that_of_its_parts_alone(one: list[str], other: list[str]) -> None:
    assert derived_id("a test", *one) == derived_id("a test", *one)
    assert derived_id("a test", *one) != derived_id("another test", *one)
    assert (derived_id("a test", *one) == derived_id("a test", *other)) == (one == other)


@given(st.one_of(st.text(max_size=50), st.uuids().map(str)))
def test_a_malformed_id_is_not_found(text: str) -> None:
    try:
        assert str(parse_id(text)).replace("-", "")
    except NotFound:
        return


@pytest.mark.parametrize("text", ["", "1", "x" * 32, "../../etc", "0" * 31, "\x00" * 32])
def test_bad_ids(text: str) -> None:
    with pytest.raises(NotFound):
        parse_id(text)


def test_a_derived_id_is_a_uuid_of_version_5_as_anybody_computes_it() -> None:
    space = UUID("6f0f4a86-6f2b-5c0e-9d0a-5af2a5af2a5a")
    assert derived_id("order", "سفارش", 7) == uuid5(space, "order\x1fسفارش\x1f7")
