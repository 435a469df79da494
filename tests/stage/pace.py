"""Figures by which a campaign sends."""

from hypothesis import strategies as st

from safar.campaigns.decide import PaceFigures, Responses, ShopFlow
from safar.campaigns.learn import Silence

ages = st.floats(0, 100_000)


silences = st.lists(st.builds(Silence, ages, st.integers(1, 5_000)), max_size=8)


responses = st.builds(
    lambda responded, delay, silent: Responses(responded, responded * delay, silent),
    st.integers(0, 5_000),
    st.floats(0.1, 50_000),
    silences,
)


sites = st.none() | st.builds(ShopFlow, st.integers(0, 2_000), st.integers(0, 5_000), st.floats(0, 100))


figures = st.builds(
    PaceFigures,
    audience=st.integers(0, 100_000),
    planned=st.integers(0, 100_000),
    units_free=st.integers(0, 10_000),
    quota_free=st.integers(0, 50_000),
    visits=responses,
    orders=responses,
    units=st.integers(0, 50_000),
    site=sites,
)
