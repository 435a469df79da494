"""The pace and what it is learned from, calculated by hand and by the formulas of the two modules."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.campaigns.decide import RESTING, Pace, PaceFigures, Responses, ShopFlow, pace, wants_offer
from safar.campaigns.learn import ORDER, VISIT, Prior, Silence, learn, still_to_come
from tests.stage.pace import figures

# Before anybody has answered: the priors, each share one standard deviation higher.
V = 0.15 + math.sqrt(0.15 * 0.85 / 8)  # 0.2762
B = 0.20 + math.sqrt(0.20 * 0.80 / 5)  # 0.3789
PLENTY = {"audience": 5000, "planned": 5000, "units_free": 9000, "quota_free": 10**6}


@pytest.mark.parametrize(
    ("prior", "share", "upper", "delay_s"), [(VISIT, 0.15, V, 3600), (ORDER, 0.2, B, 600)]
)
def test_before_the_first_answer_the_prior_is_all_that_is_known(
    prior: Prior, share: float, upper: float, delay_s: float
) -> None:
    learned = learn(0, 0.0, [], prior)
    assert learned.p == pytest.approx(share)
    assert learned.p_upper == pytest.approx(upper)
    assert learned.delay_s == pytest.approx(delay_s)
    assert (learned.reached, learned.responded, learned.pending, learned.known) == (0, 0, 0, 0)


@pytest.mark.parametrize("prior", [VISIT, ORDER])
def test_when_every_answer_is_in_the_share_and_the_delay_have_one_best_value(prior: Prior) -> None:
    # ln τ one above what was expected: −30 + S·e^(−x) − 1/σ² = 0 with σ = 2.
    delays_s = 30.25 * prior.delay_s * math.e
    learned = learn(30, delays_s, [Silence(1e12, 70)], prior)
    share = (30 + prior.p * prior.weight) / (100 + prior.weight)
    assert learned.p == pytest.approx(share)
    assert learned.p_upper == pytest.approx(share + math.sqrt(share * (1 - share) / (100 + prior.weight)))
    assert learned.delay_s == pytest.approx(prior.delay_s * math.e, rel=1e-6)
    assert (learned.reached, learned.known, learned.pending) == (100, 100, 0)


def test_shares_and_delays_stay_within_what_is_believed_possible() -> None:
    everybody = learn(1000, 0.0, [], VISIT)
    assert (everybody.p, everybody.p_upper) == (0.95, 0.95)
    assert everybody.delay_s == pytest.approx(0.5, rel=1e-6)
    assert learn(1000, 1e15, [], VISIT).delay_s == pytest.approx(30 * 86_400, rel=1e-6)


@given(
    st.integers(5, 500),
    st.floats(60, 7200),
    st.lists(st.builds(Silence, st.floats(600, 40_000), st.integers(1, 500)), max_size=4),
)
def test_what_is_learned_satisfies_its_own_equations(
    responded: int, delay_s: float, silent: list[Silence]
) -> None:
    """A fixed point of expectation and maximisation (the module's docstring), 40 rounds from the prior."""
    learned = learn(responded, responded * delay_s, silent, VISIT)
    p, tau = learned.p, learned.delay_s
    late = [group.count * still_to_come(group.age_s, p, tau) for group in silent]
    reached = responded + sum(group.count for group in silent)
    if p < 0.94:
        assert p == pytest.approx((responded + sum(late) + 0.15 * 8) / (reached + 8), rel=0.02)
    seconds = responded * delay_s + sum(
        count * (group.age_s + tau) for count, group in zip(late, silent, strict=True)
    )
    slope = -(responded + sum(late)) + seconds / tau - (math.log(tau) - math.log(3600)) / 4
    assert abs(slope) <= 0.02 * (responded + sum(late))
    known = responded + sum(group.count * (1 - math.exp(-group.age_s / tau)) for group in silent)
    assert learned.known == pytest.approx(known)
    assert learned.p_upper == pytest.approx(min(p + math.sqrt(p * (1 - p) / (known + 8)), 0.95))
    assert learned.pending == pytest.approx(
        sum(group.count * still_to_come(group.age_s, learned.p_upper, tau) for group in silent)
    )


def test_who_is_silent_still_responds_with_the_share_that_is_left() -> None:
    assert still_to_come(0.0, 0.3, 600) == pytest.approx(0.3)
    assert still_to_come(600, 0.3, 600) == pytest.approx(0.3 / math.e / (1 - 0.3 * (1 - 1 / math.e)))


def sends(**changes: object) -> tuple[int, str]:
    decided = pace(PaceFigures(**{**PLENTY, **changes}))  # type: ignore[arg-type]
    return decided.sends, decided.bound


def test_the_first_step_by_hand() -> None:
    assert sends() == (100, "trial")  # 2 % of the audience
    assert sends(audience=1001) == (21, "trial")  # 20.02, rounded up
    assert sends(audience=100) == (20, "trial")  # 20 at least
    assert sends(units_free=3) == (math.floor(3 / (V * B)), "units") == (28, "units")
    assert sends(quota_free=7) == (7, "quota")
    assert sends(planned=7) == (7, "audience")


def test_the_site_takes_its_free_places_and_whom_it_lets_in_less_those_who_wait() -> None:
    # Ten places, 3.6 people let in until a mail is answered (an hour), two wait: 11.6 visits.
    site = ShopFlow(places_free=10, waiting=2, admitted_per_s=0.001)
    assert sends(site=site) == (math.floor(11.6 / V), "site") == (41, "site")
    # 200 who were mailed just now, of whom V will still come (their answer is open: the trial would bind).
    known = Responses(30, 30 * 3600.0, [Silence(1e12, 7000), Silence(0.0, 10)])
    coming = learn(30, 30 * 3600.0, known.silent, VISIT)
    assert coming.pending == pytest.approx(10 * coming.p_upper)
    decided = pace(PaceFigures(**PLENTY, visits=known, site=ShopFlow(3, 1, 0.0)))  # type: ignore[arg-type]
    assert decided.bound == "site"
    assert decided.sends == math.floor((3 - 1 - coming.pending) / coming.p_upper)


def test_units_of_an_order_are_learned_but_never_below_one_or_above_what_is_left() -> None:
    def size(units: int, responded: int, free: int = 9000) -> float:
        orders = Responses(responded, 600.0 * responded, [Silence(1e12, 100)])
        decided = pace(PaceFigures(5000, 5000, free, 10**6, orders=orders, units=units))
        upper = learn(responded, 600.0 * responded, orders.silent, ORDER).p_upper
        return decided.per_send / (V * upper)

    assert size(9, 3) == pytest.approx(2)  # (9 + 3) / (3 + 3)
    assert size(0, 9) == pytest.approx(1)
    assert size(57, 9, free=1) == pytest.approx(1)
    assert size(57, 9, free=4) == pytest.approx(4)
    assert size(57, 9, free=0) == pytest.approx(1)


@given(figures)
def test_the_pace_is_the_least_of_its_five_bounds(given_: PaceFigures) -> None:
    """The formulas of the module's docstring, written a second time."""
    v = learn(given_.visits.responded, given_.visits.delays_s, given_.visits.silent, VISIT)
    b = learn(given_.orders.responded, given_.orders.delays_s, given_.orders.silent, ORDER)
    u = min(max((given_.units + 3) / (given_.orders.responded + 3), 1), max(given_.units_free, 1))
    pending_units = u * (v.pending * b.p_upper + b.pending)
    open_answers = (v.reached - v.known) + (b.reached - b.known)
    trial = max(20, math.ceil(0.02 * given_.audience))
    bounds = {
        "audience": float(given_.planned),
        "units": (given_.units_free - pending_units) / (v.p_upper * b.p_upper * u),
        "quota": float(given_.quota_free),
        "trial": trial + (v.reached - open_answers) - open_answers,
        "step": 500.0,
    }
    if given_.site is not None:
        let_in = given_.site.admitted_per_s * v.delay_s
        carried = given_.site.places_free + let_in - given_.site.waiting - v.pending
        bounds["site"] = carried / v.p_upper
    decided = pace(given_)
    assert decided.pending_units == pytest.approx(pending_units)
    assert bounds[decided.bound] == pytest.approx(min(bounds.values()), abs=1e-6)
    assert abs(decided.sends - max(min(bounds.values()), 0)) < 1 + 1e-6


def test_what_is_known_of_many_lets_as_many_more_go_out() -> None:
    # 300 were reached, the answers of 40 are open: 100 + (300 − 40) − 40, up to what one step writes.
    answered = Responses(100, 100 * 3600.0, [Silence(1e12, 160), Silence(0.0, 40)])
    assert sends(visits=answered, site=None) == (100 + 300 - 2 * 40, "trial")
    many = Responses(100, 100 * 3600.0, [Silence(1e12, 5000)])
    assert sends(visits=many) == (500, "step")


def test_a_campaign_that_rests_sends_nothing_and_expects_nothing() -> None:
    assert Pace(0, "quiet", *[0.0] * 6) == RESTING


def test_a_line_without_units_wants_none() -> None:
    assert wants_offer([["a"], ["a", 2], "a"], "a") == 2


def test_a_campaign_of_which_nothing_is_known_has_no_answers_and_no_site() -> None:
    nobody = Responses(0, 0.0, ())
    assert PaceFigures(1, 1, 1, 1) == PaceFigures(1, 1, 1, 1, nobody, nobody, 0, None)
