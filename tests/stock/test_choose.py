"""The choice of shelves: all or nothing, by the shop's rule."""

from hypothesis import given
from hypothesis import strategies as st

from safar.stock.choose import Chosen, LocationRule, Short, choose_locations
from safar.stock.model import Level, Place
from tests.stage.shelves import ASIDE, AT, CLOCK, MUG, A, B, C, levels_of

_SOME = st.dictionaries(
    st.tuples(st.sampled_from([MUG, CLOCK]), st.sampled_from([A, B, C, ASIDE])),
    st.tuples(st.integers(-3, 9), st.integers(0, 5)),
).map(lambda found: {p: Level(n, free, 0, 0, back) for n, (p, (free, back)) in enumerate(found.items())})


@given(
    st.dictionaries(st.sampled_from([MUG, CLOCK]), st.integers(1, 20), min_size=1),
    _SOME,
    st.sampled_from(LocationRule),
    st.sampled_from(["", "BR", "XX"]),
    st.sampled_from([None, ASIDE]),
)
def test_all_or_nothing_and_never_more_than_a_shelf_allows(
    demand: dict[object, int], levels: dict[Place, Level], rule: LocationRule, country: str, first: object
) -> None:
    chosen = choose_locations(demand, levels, AT, rule=rule, country=country, first=first)  # type: ignore[arg-type]
    if isinstance(chosen, Short):
        assert chosen.left
        assert all(left < demand[variant_id] for variant_id, left in chosen.left.items())
        return
    for variant_id, units in demand.items():
        assert sum(q for (v, _at), q in chosen.goods.items() if v == variant_id) == units
    for place, units in chosen.goods.items():
        assert units <= levels[place].promisable
        assert units <= levels[place].free or place[0] in chosen.awaited


def test_nearest_prefers_the_customers_country_when_it_has_everything() -> None:
    levels = levels_of(mA=5, mB=5, cA=5, cB=1)
    assert choose_locations({MUG: 1}, levels, AT, country="BR", rule=LocationRule.NEAREST) == Chosen(
        {(MUG, B): 1}
    )
    assert choose_locations(
        {MUG: 1, CLOCK: 2}, levels, AT, country="BR", rule=LocationRule.NEAREST
    ) == Chosen({(MUG, A): 1, (CLOCK, A): 2})
    assert choose_locations({MUG: 1}, levels, AT, country="FR", rule=LocationRule.NEAREST) == Chosen(
        {(MUG, A): 1}
    )


def test_fullest_takes_from_where_most_lies() -> None:
    assert choose_locations({MUG: 2}, levels_of(mA=3, mB=9, mC=5), AT, rule=LocationRule.FULLEST) == Chosen(
        {(MUG, B): 2}
    )


def test_fewest_parcels_needs_as_few_shelves_as_it_can() -> None:
    levels = levels_of(mA=1, mB=2, mC=4, cA=1, cC=1)
    chosen = choose_locations({MUG: 5, CLOCK: 1}, levels, AT, rule=LocationRule.FEWEST_PARCELS)
    assert chosen == Chosen({(MUG, C): 4, (CLOCK, C): 1, (MUG, A): 1})


def test_what_a_campaign_set_aside_goes_first() -> None:
    levels = levels_of(mX=2, mA=9)
    assert choose_locations({MUG: 3}, levels, AT, first=ASIDE, rule=LocationRule.NEAREST) == Chosen(
        {(MUG, ASIDE): 2, (MUG, A): 1}
    )
    assert choose_locations({MUG: 2}, levels, AT, first=ASIDE, rule=LocationRule.NEAREST) == Chosen(
        {(MUG, ASIDE): 2}
    )


def test_what_is_short_is_told_over_all_shelves() -> None:
    assert choose_locations({MUG: 9}, levels_of(mA=3, mB=4), AT, rule=LocationRule.NEAREST) == Short({MUG: 7})
