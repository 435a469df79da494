"""Addresses as they are written in each country."""

import pytest

from safar.kernel.i18n import speaking
from safar.pricing.addresses import address_form, formatted, is_region
from safar.pricing.places import has_postcodes, is_postcode, postcode_example


@pytest.mark.parametrize(
    ("country", "region", "lines"),
    [
        ("GB", "", ["1 Mill Lane", "Flat 2", "York", "YO1 7HH"]),
        ("US", "CA", ["1 Mill Lane", "Flat 2", "York, CA YO1 7HH"]),
        ("BR", "SP", ["1 Mill Lane", "Flat 2", "York-SP", "YO1 7HH"]),
        ("IN", "Delhi", ["1 Mill Lane", "Flat 2", "York YO1 7HH", "Delhi"]),
        ("DE", "", ["1 Mill Lane", "Flat 2", "YO1 7HH York"]),
        ("JP", "", ["〒YO1 7HH", "1 Mill Lane", "Flat 2"]),
        ("", "", ["1 Mill Lane", "Flat 2", "YO1 7HH York"]),
    ],
)
def test_the_lines_of_an_address_stand_as_they_do_there(country: str, region: str, lines: list[str]) -> None:
    found = formatted(country, address="1 Mill Lane\nFlat 2", city="York", postcode="YO1 7HH", region=region)
    assert [line for line in found if line != "York" or line in lines] == lines


@pytest.mark.parametrize("country", ["GB", "US", "BR", "IN", "IR", "AE", "HK", ""])
def test_nothing_that_was_typed_is_lost(country: str) -> None:
    given = {"address": "1 Mill Lane", "city": "York", "postcode": "12345", "region": "Somewhere"}
    text = "\n".join(formatted(country, **given))
    for name, value in given.items():
        asked = name != "region" or address_form(country).region
        assert value in text or not asked, name


def test_an_address_without_some_parts_has_no_stray_signs() -> None:
    for country in ("US", "BR"):
        assert formatted(country, address="1 Lane", city="York", postcode="", region="") == ["1 Lane", "York"]


def test_regions_are_named_in_the_language_of_the_reader_and_kept_by_one_key() -> None:
    form = address_form("IR")
    with speaking("fa"):
        persian = form.region_choices()
    with speaking("en"):
        english = form.region_choices()
    assert [key for key, _name in persian] == [key for key, _name in english]
    assert all("\u0600" <= name[0] <= "\u06ff" for _key, name in persian)
    assert all(name.isascii() for _key, name in english)
    assert is_region("BR", "SP")
    assert not is_region("BR", "XX")
    assert is_region("GB", "Yorkshire"), "nobody lists those"


def test_postcodes_are_asked_for_and_checked_where_the_post_needs_them() -> None:
    assert has_postcodes("DE")
    assert is_postcode("DE", "26133")
    assert not is_postcode("DE", "ABC")
    assert not has_postcodes("IE")
    assert is_postcode("IE", "D02"), "a beginning is enough where none is needed"
    assert postcode_example("DE") == "26133"
    assert address_form("US").postcode_label == "ZIP code"
