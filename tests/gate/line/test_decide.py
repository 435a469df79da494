"""The gate's decisions, over whole days of arrivals, departures and people who never come."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.gate.door.texts import place_text
from safar.gate.line.decide import (
    CLAIM_WINDOW_S,
    Call,
    bounded,
    estimate,
    learned_rate,
    learned_show_up,
    next_called,
    poll_after_s,
    progress,
    room_for_newcomers,
    split_calls,
    still_coming,
)
from safar.kernel import i18n

shares = st.floats(0.0, 1.0)


@st.composite
def calls(draw: st.DrawFn) -> list[Call]:
    first, drawn = 1, []
    for size, came, age in draw(
        st.lists(st.tuples(st.integers(1, 50), shares, st.floats(0, 2 * CLAIM_WINDOW_S)), max_size=8)
    ):
        drawn.append(Call(first, first + size - 1, int(size * came), age))
        first += size
    return drawn


@given(st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 1000), calls(), shares)
def test_called_never_goes_back_and_never_beyond_issued(
    called: int, more: int, free: int, open_calls: list[Call], show_up: float
) -> None:
    issued = called + more
    reached = next_called(issued=issued, called=called, free=free, calls=open_calls, show_up=show_up)
    assert called <= reached <= issued


@given(st.integers(0, 1000), calls(), shares)
def test_no_more_are_called_than_would_fill_the_free_places_if_the_show_up_rate_is_true(
    free: int, open_calls: list[Call], show_up: float
) -> None:
    reached = next_called(issued=10**6, called=0, free=free, calls=open_calls, show_up=show_up)
    expected = sum(still_coming(call, show_up) for call in open_calls)
    half = 0.5 * bounded(show_up)  # numbers are whole
    assert reached * bounded(show_up) <= max(0.0, free - expected) + half + 1e-9


@given(st.integers(1, 1000), st.integers(0, 1000), calls(), shares)
def test_a_newcomer_never_overtakes_who_waits(
    waiting: int, free: int, open_calls: list[Call], show_up: float
) -> None:
    assert room_for_newcomers(waiting=waiting, free=free, calls=open_calls, show_up=show_up) == 0


@given(calls(), shares)
def test_who_never_comes_keeps_nobody_out_after_the_claim_window(
    open_calls: list[Call], show_up: float
) -> None:
    old = [Call(call.first, call.last, call.claimed, CLAIM_WINDOW_S) for call in open_calls]
    assert room_for_newcomers(waiting=0, free=7, calls=old, show_up=show_up) == 7
    assert next_called(issued=100, called=0, free=1, calls=old, show_up=show_up) >= 1


@given(shares, calls())
def test_the_show_up_rate_stays_a_rate_and_moves_towards_what_was_seen(
    show_up: float, finished: list[Call]
) -> None:
    learned = learned_show_up(show_up, finished)
    assert 0 < learned < 1
    lowest = min([bounded(show_up), *(call.claimed / call.size for call in finished)])
    highest = max([bounded(show_up), *(call.claimed / call.size for call in finished)])
    assert bounded(lowest) - 1e-9 <= learned <= bounded(highest) + 1e-9


@given(calls())
def test_each_call_is_either_open_or_finished(all_calls: list[Call]) -> None:
    open_calls, finished = split_calls(all_calls)
    assert sorted([*open_calls, *finished], key=lambda call: call.first) == all_calls


@given(st.lists(st.tuples(st.integers(0, 20), st.floats(0.05, 2.0)), min_size=1, max_size=200))
def test_the_rate_lies_within_what_was_observed(steps: list[tuple[int, float]]) -> None:
    rate, observed_s = 0.0, 0.0
    for admitted, elapsed_s in steps:
        rate, observed_s = learned_rate(rate, observed_s, admitted, elapsed_s)
    pace = [admitted / elapsed_s for admitted, elapsed_s in steps]
    assert min(pace) - 1e-6 <= rate <= max(pace) + 1e-6
    assert observed_s > 0


@given(st.integers(1, 10**6), st.floats(0.001, 100), st.floats(0, 600), shares)
def test_an_estimate_is_a_range_around_the_mean_or_nothing(
    place: int, rate: float, observed_s: float, show_up: float
) -> None:
    expected = estimate(place=place, rate=rate, observed_s=observed_s, show_up=show_up)
    if rate * observed_s < 4:
        assert expected is None
    if expected is not None:
        mean_s = max(place * bounded(show_up), 1) / rate
        assert 0 < expected.least_s < mean_s < expected.most_s
    assert 1.0 <= poll_after_s(place, expected) < CLAIM_WINDOW_S


def test_an_estimate_narrows_as_more_is_seen() -> None:
    few = estimate(place=50, rate=1.0, observed_s=10, show_up=0.9)
    many = estimate(place=50, rate=1.0, observed_s=100, show_up=0.9)
    assert few is not None
    assert many is not None
    assert many.most_s - many.least_s < few.most_s - few.least_s


@pytest.mark.parametrize(("place", "ahead", "part"), [(10, 10, 0), (5, 10, 50), (0, 10, 100), (0, 0, 100)])
def test_progress_is_the_part_of_the_way_gone(place: int, ahead: int, part: int) -> None:
    assert progress(place, ahead) == part


@dataclass
class Model:
    """A site without a database: what the shell around the decisions does, in a few lines."""

    capacity: int
    issued: int = 0
    called: int = 0
    show_up: float = 0.9
    inside: set[int] = field(default_factory=set)
    coming: set[int] = field(default_factory=set)  # numbers whose holders are still there
    calls: dict[int, list[float]] = field(default_factory=dict)  # first -> [last, claimed, age]
    visitors: int = 0

    @property
    def free(self) -> int:
        return self.capacity - len(self.inside)

    def open_calls(self) -> list[Call]:
        return [
            Call(first, int(last), int(claimed), age) for first, (last, claimed, age) in self.calls.items()
        ]

    def arrive(self, *, stays: bool) -> None:
        waiting = self.issued - self.called
        room = room_for_newcomers(
            waiting=waiting, free=self.free, calls=self.open_calls(), show_up=self.show_up
        )
        if room:
            assert not waiting, "a newcomer went past the queue"
            self.visitors += 1
            self.inside.add(-self.visitors)
            return
        self.issued += 1
        if stays:
            self.coming.add(self.issued)

    def come_in(self) -> None:
        for number in sorted(number for number in self.coming if number <= self.called)[: self.free]:
            self.coming.discard(number)
            self.inside.add(number)
            for first, call in self.calls.items():
                call[1] += first <= number <= call[0]

    def step(self, elapsed_s: float) -> None:
        if self.free:
            for call in self.calls.values():
                call[2] += elapsed_s
        open_calls, finished = split_calls(self.open_calls())
        self.show_up = learned_show_up(self.show_up, finished)
        for ended in finished:
            del self.calls[ended.first]
        before = self.called
        self.called = next_called(
            issued=self.issued, called=before, free=self.free, calls=open_calls, show_up=self.show_up
        )
        assert before <= self.called <= self.issued
        if self.called > before:
            self.calls[before + 1] = [self.called, 0, 0.0]


moves = st.one_of(
    st.tuples(st.just("arrive"), st.integers(1, 30), shares),
    st.tuples(st.just("leave"), st.integers(1, 10), shares),
    st.tuples(st.just("step"), st.integers(1, 20), shares),
)


@given(st.integers(1, 20), st.lists(moves, max_size=60))
def test_a_site_is_never_over_capacity_and_its_queue_always_ends(
    capacity: int, history: list[tuple[str, int, float]]
) -> None:
    site = Model(capacity)
    for move, count, share in history:
        if move == "arrive":
            for index in range(count):
                site.arrive(stays=index >= share * count)
        elif move == "leave":
            for number in sorted(site.inside)[:count]:
                site.inside.discard(number)
        else:
            for _ in range(count):
                site.step(1.0)
                site.come_in()
        assert len(site.inside) <= capacity
    for _ in range(3000):  # everyone leaves at once after coming in: the queue must drain
        if site.called == site.issued and not site.coming:
            break
        site.inside.clear()
        site.step(1.0)
        site.come_in()
    assert site.called == site.issued
    assert not site.coming


@given(st.integers(0, 10**9), st.sampled_from(list(i18n.LANGUAGES)))
def test_a_place_is_written_as_every_number_of_the_language_is(place: int, language: str) -> None:
    with i18n.speaking(language):
        assert place_text(place) == i18n.number(place)
