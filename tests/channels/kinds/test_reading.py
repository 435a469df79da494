"""What providers post is read without trust: it breaks nothing that is stored and loses no neighbour."""

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.channels.kinds.port import NotUnderstood, Unreadable
from safar.channels.kinds.reading import Misread, clean, each_of, flat, id_of, moment_of, parsed, short

NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda part: st.lists(part) | st.dictionaries(st.text(), part),
)


@given(st.text(alphabet=st.characters()) | st.text(alphabet=["\x00", "\ud83d", "\ude00", "a", "ی"]))
def test_fault_60_every_text_can_be_stored(text: str) -> None:
    stored = clean(text)
    assert "\x00" not in stored
    assert stored.encode("utf-8").decode("utf-8") == stored


def test_two_halves_of_one_character_are_put_together_and_a_lone_one_is_marked() -> None:
    assert clean("\ud83d\ude00 \ud83d!") == "😀 \ufffd!"
    assert parsed(b'{"a": "\\ud83d\\ude00 \\ud83d"}') == {"a": "😀 \ud83d"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'"x"',
        b"{",
        b"\xff\xfe",
        b"[" * 1_000_000,
        b'{"a":' * 1_000_000,
        b'{"a": ' + b"9" * 6000,
    ],
)
def test_what_is_no_object_is_unreadable_and_nothing_worse(body: bytes) -> None:
    with pytest.raises(Unreadable):
        parsed(body)


@given(anything)
def test_moments_are_never_out_of_range(value: object) -> None:
    for per_second in (1, 1000):
        assert (
            datetime(2009, 1, 1, tzinfo=UTC)
            <= moment_of(value, NOW, per_second=per_second)
            <= NOW + timedelta(minutes=5)
        )


def test_a_moment_is_read_in_seconds_and_milliseconds() -> None:
    stamp = int(NOW.timestamp()) - 60
    for value, per_second in ((stamp, 1), (str(stamp), 1), (stamp * 1000, 1000)):
        assert moment_of(value, NOW, per_second=per_second) == NOW - timedelta(minutes=1)


@given(anything)
def test_nothing_that_is_read_of_any_shape_is_long(value: object) -> None:
    assert len(short(value)) <= 200
    assert all(len(key) <= 80 and len(text) <= 1000 for key, text in flat(value).items())
    with contextlib.suppress(Misread):
        assert 0 < len(id_of(value, "id")) <= 500


def test_fault_05_an_element_that_breaks_takes_no_other_with_it() -> None:
    def read(element: Mapping[str, object]) -> list[NotUnderstood]:
        if element["n"] == 2:
            raise Misread("no two")
        return [NotUnderstood(f"read {1 // int(str(element['n']))}")]

    told = [
        thing.reason
        for thing in each_of([{"n": 1}, {"n": 2}, {"n": 0}, 7, {"n": 3}], read)
        if isinstance(thing, NotUnderstood)
    ]
    assert told[0] == "read 1"
    assert told[1] == "no two"
    assert told[2].startswith("A mistake of ours: ZeroDivisionError")
    assert told[3:] == ["an element is no object", "read 0"]


def test_the_deepest_that_can_be_parsed_is_told_of_in_short() -> None:
    deep: object = orjson.loads(b"[" * 1000 + b"]" * 1000)
    (told,) = each_of([deep], lambda _element: [])
    assert isinstance(told, NotUnderstood)
    assert len(told.raw) < 4001
