"""References that payers give: ISO 11649, found in what people write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.payments.books.reference import number_in, reference_of, spaced


def test_a_reference_is_a_creditor_reference_of_iso_11649() -> None:
    from stdnum import iso11649

    assert iso11649.is_valid(reference_of(10001))
    assert iso11649.validate("RF18 5390 0754 7034") == "RF18539007547034"  # the standard's own example
    assert number_in("RF18 5390 0754 7034") == 539007547034


@given(st.integers(1, 10**15), st.sampled_from(["{}", "Order {} thanks", "ref:{}.", "\u2067{}"]))
def test_a_reference_is_found_in_what_people_write(number: int, text: str) -> None:
    for written in (reference_of(number), spaced(reference_of(number)), reference_of(number).lower()):
        assert number_in(text.format(written)) == number


@given(st.integers(1, 10**9), st.integers(0, 8), st.integers(1, 9))
def test_a_mistyped_digit_names_no_other_order(number: int, place: int, more: int) -> None:
    right = reference_of(number)
    at = 4 + place % (len(right) - 4)
    wrong = right[:at] + str((int(right[at]) + more) % 10) + right[at + 1 :]
    assert number_in(wrong) != int(wrong[4:])


@pytest.mark.parametrize("text", ["", "RF", "RF00", "10001", "RF72 abc", "RFRFRF", "٣٤"])
def test_what_is_no_reference_names_nothing(text: str) -> None:
    assert number_in(text) is None
