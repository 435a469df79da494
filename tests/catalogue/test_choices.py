"""What customers choose by: no two variants of a product that they could not tell from each other."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.catalogue.choices import spelt_like, told_apart
from safar.catalogue.errors import NotToldApart
from safar.kernel.database import Database
from tests.stage.catalogue import article, looked_at, saved, stored, taken_over

_OPTIONS = st.dictionaries(
    st.sampled_from(["Colour", "colour", "COLOUR ", "Size", "رنگ"]),
    st.sampled_from(["Red", "red", "Blue", "S"]),
)
_SAME = [
    ({}, {}),
    ({}, {"Colour": "Red"}),
    ({"Colour": "Red"}, {"colour": "RED "}),
    ({"Colour": "Red", "Size": "S"}, {"Size": "S", "Colour": "Red"}),
    ({"Colour": "Red"}, {"Colour": "Red", "Size": "S"}),
    ({"Colour": "Red"}, {"Size": "S"}),
    ({"رنگ": "آبي"}, {"رنگ": "آبی"}),
    ({"Größe": "Café"}, {"große": "cafe"}),
]


@pytest.mark.finding("goods-I")
@pytest.mark.parametrize(("one", "other"), _SAME)
def test_options_that_a_reader_takes_for_the_same_tell_nothing_apart(
    one: dict[str, str], other: dict[str, str]
) -> None:
    assert not told_apart(one, other)
    assert not told_apart(other, one)


@given(_OPTIONS, _OPTIONS)
def test_telling_apart_is_mutual_and_survives_another_spelling(
    one: dict[str, str], other: dict[str, str]
) -> None:
    assert told_apart(one, other) == told_apart(other, one)
    assert told_apart(one, spelt_like(other, [one])) == told_apart(one, other)
    assert not told_apart(one, one)


def test_options_take_the_spelling_that_is_there() -> None:
    assert spelt_like({"colour": "red", "size": "XL"}, [{"Colour": "Red", "Size": "S"}]) == {
        "Colour": "Red",
        "Size": "XL",
    }


@pytest.mark.finding("goods-I")
async def test_a_file_with_variants_that_nobody_can_tell_apart_says_so_row_by_row(database: Database) -> None:
    text = (
        "sku,product,title,category,price,options\n"
        "TEE-R-S,tee,Tee,shirts,20,Colour: Red; Size: S\n"
        "TEE-R-S2,tee,Tee,shirts,25,Colour: Red; Size: S\n"
        "TEE-R-S3,tee,Tee,shirts,26,colour: red; size: s\n"
        "TEE-NONE1,tee,Tee,shirts,27,\n"
        "TEE-NONE2,tee,Tee,shirts,28,\n"
        "TEE-ORD,tee,Tee,shirts,29,Size: S; Colour: Red\n"
        "TEE-B-S,tee,Tee,shirts,29,size: S; COLOUR: Blue\n"
    )
    upload_id, rows = await looked_at(database, text)
    wrong = [("options", "not_told_apart", "TEE-R-S")]
    refused = {row.sku: [tuple(note) for note in row.notes] for row in rows if row.outcome == "wrong"}
    assert refused == dict.fromkeys(("TEE-R-S2", "TEE-R-S3", "TEE-NONE1", "TEE-NONE2", "TEE-ORD"), wrong)
    assert [row.sku for row in rows if row.outcome == "new"] == ["TEE-R-S", "TEE-B-S"]
    assert await taken_over(database, upload_id) == 2
    assert (await stored(database, "TEE-B-S")).variant.options == {"Size": "S", "Colour": "Blue"}


@pytest.mark.finding("goods-I")
async def test_two_variants_of_a_file_may_swap_their_options(database: Database) -> None:
    red = article("LAMP-R", options={"Colour": "Red"})
    await saved(database, red, article("LAMP-B", of=red, options={"Colour": "Blue"}))
    upload_id, rows = await looked_at(database, "sku,options\nLAMP-R,Colour: Blue\nLAMP-B,Colour: Red\n")
    assert [row.outcome for row in rows] == ["changed", "changed"]
    assert await taken_over(database, upload_id) == 2


@pytest.mark.finding("console-14")
async def test_a_variant_like_another_is_refused_at_the_verb_whatever_its_spelling(
    database: Database,
) -> None:
    red = article("TEA-R", options={"Colour": "Red"})
    await saved(database, red)
    with pytest.raises(NotToldApart, match="TEA-R"):
        await saved(database, article("TEA-R2", of=red, options={"colour": "RED"}))
    hidden = article("TEA-R3", of=red, options={"Colour": "Red"}, published=False)
    await saved(database, hidden)  # nobody chooses it


@pytest.mark.finding("console-14")
async def test_a_second_variant_asks_for_the_options_of_the_first(
    desk: httpx.AsyncClient, database: Database
) -> None:
    first = article("TEA-1")
    await saved(database, first)
    product_id = first.product.id
    page = (await desk.get(f"/catalogue/products/{product_id}/variants/new")).text
    assert "TEA-1 has no options yet" in page
    form = {
        "variant_form": "1",
        "variant_published": "1",
        "sku": "TEA-2",
        "price": "5.00",
        "option_name:0": "Size",
        "option_value:0": "Large",
    }
    address = f"/catalogue/products/{product_id}/variants"
    refused = await desk.post(address, data=form)
    assert (refused.status_code, "cannot tell" in refused.text) == (409, True)
    assert (await desk.post(address, data={**form, "first_value:0": "Small"})).status_code == 303
    assert (await stored(database, "TEA-1")).variant.options == {"Size": "Small"}
    assert (await stored(database, "TEA-2")).variant.options == {"Size": "Large"}
