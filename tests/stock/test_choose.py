"""The choice of shelves: all or nothing, by the shop's rule."""

from hypothesis import given
from hypothesis import strategies as st

from safar.kernel.ids import derived_id
from safar.stock.choose import Chosen, LocationRule, Short, choose_locations
from safar.stock.model import Level, Place, Selling

_A, _B, _C, _ASIDE = (derived_id("at", name) for name in "ABC*")
_MUG, _CLOCK = derived_id("v", "mug"), derived_id("v", "clock")
_AT = [Selling(_A, "warehouse", "GB"), Selling(_B, "store", "BR"), Selling(_C, "store", "IN")]


def _levels(**units: int) -> dict[Place, Level]:
    """`mA=3`: three free mugs at A."""
    names = {"m": _MUG, "c": _CLOCK, "A": _A, "B": _B, "C": _C, "X": _ASIDE}
    return {
        (names[name[0]], names[name[1]]): Level(number, free, 0)
        for number, (name, free) in enumerate(units.items())
    }


_SOME = st.dictionaries(
    st.tuples(st.sampled_from([_MUG, _CLOCK]), st.sampled_from([_A, _B, _C, _ASIDE])),
    st.tuples(st.integers(-3, 9), st.integers(0, 5)),
).map(lambda found: {p: Level(n, free, 0, 0, back) for n, (p, (free, back)) in enumerate(found.items())})


@given(
    st.dictionaries(st.sampled_from([_MUG, _CLOCK]), st.integers(1, 20), min_size=1),
    _SOME,
    st.sampled_from(LocationRule),
    st.sampled_from(["", "BR", "XX"]),
    st.sampled_from([None, _ASIDE]),
)
def test_all_or_nothing_and_never_more_than_a_shelf_allows(
    demand: dict[object, int], levels: dict[Place, Level], rule: LocationRule, country: str, first: object
) -> None:
    chosen = choose_locations(demand, levels, _AT, rule=rule, country=country, first=first)  # type: ignore[arg-type]
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
    levels = _levels(mA=5, mB=5, cA=5, cB=1)
    assert choose_locations({_MUG: 1}, levels, _AT, country="BR", rule=LocationRule.NEAREST) == Chosen(
        {(_MUG, _B): 1}
    )
    assert choose_locations(
        {_MUG: 1, _CLOCK: 2}, levels, _AT, country="BR", rule=LocationRule.NEAREST
    ) == Chosen({(_MUG, _A): 1, (_CLOCK, _A): 2})
    assert choose_locations({_MUG: 1}, levels, _AT, country="FR", rule=LocationRule.NEAREST) == Chosen(
        {(_MUG, _A): 1}
    )


def test_fullest_takes_from_where_most_lies() -> None:
    assert choose_locations({_MUG: 2}, _levels(mA=3, mB=9, mC=5), _AT, rule=LocationRule.FULLEST) == Chosen(
        {(_MUG, _B): 2}
    )


def test_fewest_parcels_needs_as_few_shelves_as_it_can() -> None:
    levels = _levels(mA=1, mB=2, mC=4, cA=1, cC=1)
    chosen = choose_locations({_MUG: 5, _CLOCK: 1}, levels, _AT, rule=LocationRule.FEWEST_PARCELS)
    assert chosen == Chosen({(_MUG, _C): 4, (_CLOCK, _C): 1, (_MUG, _A): 1})


def test_what_a_campaign_set_aside_goes_first() -> None:
    levels = _levels(mX=2, mA=9)
    assert choose_locations({_MUG: 3}, levels, _AT, first=_ASIDE, rule=LocationRule.NEAREST) == Chosen(
        {(_MUG, _ASIDE): 2, (_MUG, _A): 1}
    )
    assert choose_locations({_MUG: 2}, levels, _AT, first=_ASIDE, rule=LocationRule.NEAREST) == Chosen(
        {(_MUG, _ASIDE): 2}
    )


def test_what_is_short_is_told_over_all_shelves() -> None:
    assert choose_locations({_MUG: 9}, _levels(mA=3, mB=4), _AT, rule=LocationRule.NEAREST) == Short(
        {_MUG: 7}
    )
