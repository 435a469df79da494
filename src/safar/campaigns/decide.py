"""The pace of a campaign, decided without I/O: how many mails may go out now, and what bounds them.

Per send, `v` = share that visits and `b` = share of visitors that orders (each one standard deviation above
its estimate, see learn.py), `u` = units an order takes, never more than are left. At most the smallest of:

    units   (units free − u·(visits to come·b + orders to come)) / (v·b·u)
    site    (free places + admissions/s · response time − waiting − visits to come) / v
    quota   what the channel may still take in this window
    trial   trial size + people whose answer is known − people whose answer is open
    step    the most that one transaction writes

so that expected buyers (of mails whose answer is open, and of those sent now) never exceed the units free,
the visits to come never exceed what the site carries, and before responses are known only a small part of the
audience is reached: no more open answers than known ones, beginning with 2 %. Staff may have the rest sent
without this look at the first answers (`send_rest`); the other bounds stand.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from safar.campaigns.learn import ORDER, VISIT, Silence, learn
from safar.kernel.i18n import N_

STEP_MAX = 500
_TRIAL_SHARE = 0.02
_TRIAL_MIN = 20
_UNITS_PRIOR_WEIGHT = 3

Bound = Literal["audience", "units", "site", "quota", "trial", "step", "quiet"]

BOUND_TEXTS: dict[str, str] = {
    "audience": N_("Everyone in the audience has been e-mailed."),
    "units": N_("Waiting: those already e-mailed may buy all the units that are left."),
    "site": N_("Waiting: the shop cannot take more visitors at the moment."),
    "quota": N_("Waiting: the limit of e-mails an hour is reached."),
    "trial": N_("Waiting to see how the first recipients respond."),
    "quiet": N_("Waiting until the quiet hours are over."),
    "step": N_("Sending at full speed."),
}


@dataclass(frozen=True, slots=True)
class ShopFlow:
    """What the shop carries now: free places, people waiting, and people it lets in a second."""

    places_free: int
    waiting: int
    admitted_per_s: float


@dataclass(frozen=True, slots=True)
class Responses:
    """How many responded, their delays altogether, and who is silent for how long."""

    responded: int = 0
    delays_s: float = 0.0
    silent: Sequence[Silence] = ()


@dataclass(frozen=True, slots=True)
class PaceFigures:
    """What a pace is decided from. `site` None: nothing counts the visitors. `units` were ordered so far."""

    audience: int
    planned: int
    units_free: int
    quota_free: int
    visits: Responses = field(default_factory=Responses)
    orders: Responses = field(default_factory=Responses)
    units: int = 0
    site: ShopFlow | None = None
    waits_for_answers: bool = True


@dataclass(frozen=True, slots=True)
class Pace:
    """Send this many now; `bound` is what allows no more. Shares are estimates, `per_send` in units."""

    sends: int
    bound: Bound
    p_visit: float
    p_buy: float
    response_s: float
    per_send: float
    pending_units: float
    pending_visits: float


RESTING = Pace(
    sends=0, bound="quiet", p_visit=0, p_buy=0, response_s=0, per_send=0, pending_units=0, pending_visits=0
)


def pace(figures: PaceFigures, *, step_max: int = STEP_MAX) -> Pace:
    """Return how many messages may go out now (see the module's formula)."""
    visits = learn(figures.visits.responded, figures.visits.delays_s, figures.visits.silent, VISIT)
    orders = learn(figures.orders.responded, figures.orders.delays_s, figures.orders.silent, ORDER)
    size = (figures.units + _UNITS_PRIOR_WEIGHT) / (figures.orders.responded + _UNITS_PRIOR_WEIGHT)
    size = min(max(size, 1.0), max(figures.units_free, 1))
    per_send = visits.p_upper * orders.p_upper * size
    pending_units = size * (visits.pending * orders.p_upper + orders.pending)
    open_answers = visits.reached - visits.known + orders.reached - orders.known
    trial = max(_TRIAL_MIN, math.ceil(_TRIAL_SHARE * figures.audience))
    room: dict[Bound, float] = {
        "audience": figures.planned,
        "units": (figures.units_free - pending_units) / per_send,
        "quota": figures.quota_free,
        "trial": trial + visits.reached - 2 * open_answers if figures.waits_for_answers else math.inf,
        "step": step_max,
    }
    if figures.site is not None:
        coming = figures.site.admitted_per_s * visits.delay_s - figures.site.waiting
        room["site"] = (figures.site.places_free + coming - visits.pending) / visits.p_upper
    bound = min(room, key=lambda name: room[name])
    return Pace(
        sends=max(0, math.floor(room[bound])),
        bound=bound,
        p_visit=visits.p,
        p_buy=orders.p,
        response_s=visits.delay_s,
        per_send=per_send,
        pending_units=pending_units,
        pending_visits=visits.pending,
    )


def wants_offer(lines: object, variant_id: str) -> int:
    """Return the units of the offered variant among an event's lines, `[[variant, …, quantity], …]`."""
    if not isinstance(lines, list):
        return 0
    found = [line for line in lines if isinstance(line, list) and len(line) > 1 and line[0] == variant_id]
    return sum(int(line[-1]) for line in found)
