"""What a campaign will come to, said before it is sent: without I/O, by what earlier campaigns came to.

Shares are Beta posteriors: the priors of `learn`, worth a few observations, and what the shop's latest
campaigns that began at least a day ago have shown. `low` and `high` lie 1.28 standard deviations about each
expected share, so that at least four campaigns of five end between them.

What runs out is one of the accounts a campaign draws on: its units, the people who may be written to, the
places of the shop (only how long it takes), the e-mails of an hour (only how long it takes).
"""

import math
from dataclasses import dataclass
from typing import Literal

from safar.campaigns.learn import ORDER, VISIT, Prior
from safar.kernel.i18n import N_

_SPREAD = 1.28
_UNITS_WEIGHT = 3
HOURS_MOST = 24 * 365.0

RunsOut = Literal["units", "perhaps_units", "people"]
RUNS_OUT_TEXTS: dict[RunsOut, str] = {
    "units": N_("The units run out first: not everybody who would buy can. Offer more, or write to fewer."),
    "perhaps_units": N_("It may sell out: the units are just about as many as are likely to be ordered."),
    "people": N_("The audience runs out first: some units are likely to be left over."),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """What earlier campaigns came to: mails sent, links opened, orders, and units these took."""

    sent: int = 0
    opened: int = 0
    ordered: int = 0
    units: int = 0


@dataclass(frozen=True, slots=True)
class Accounts:
    """What a campaign draws on. `site_free` places and `site_per_s` admissions; None: nothing counts them."""

    people: int
    units: int
    units_free: int
    mails_per_hour: int
    site_free: int | None = None
    site_per_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Range:
    """A figure as it is expected, and between what it is likely to end."""

    expected: float
    low: float
    high: float

    def of(self, other: "Range") -> "Range":
        return Range(self.expected * other.expected, self.low * other.low, self.high * other.high)

    def times(self, factor: float) -> "Range":
        return Range(self.expected * factor, self.low * factor, self.high * factor)

    def at_most(self, most: float) -> "Range":
        return Range(min(self.expected, most), min(self.low, most), min(self.high, most))


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is expected. `wanted`: units ordered if there were enough; `sold`: those that there are.

    `hours` is how long sending takes at the least. `learned_from`: mails of earlier campaigns, 0 when the
    figures are those of the trade.
    """

    people: int
    units: int
    visits: Range
    wanted: Range
    sold: Range
    revenue_minor: Range
    left_free: int
    short: int
    runs_out: RunsOut
    hours: float
    slowest: Literal["mails", "site"]
    learned_from: int


def forecast(accounts: Accounts, shown: Shown, price_minor: int) -> Outlook:
    """Return what is expected of a campaign that draws on these accounts."""
    visiting = _share(shown.opened, shown.sent, VISIT)
    buying = _share(shown.ordered, shown.opened, ORDER)
    per_order = max(1.0, (shown.units + _UNITS_WEIGHT) / (shown.ordered + _UNITS_WEIGHT))
    visits = visiting.times(accounts.people)
    wanted = visits.of(buying).times(per_order).at_most(accounts.people * per_order)
    sold = wanted.at_most(accounts.units)
    runs_out: RunsOut = "people"
    if wanted.expected >= accounts.units:
        runs_out = "units"
    elif wanted.high >= accounts.units:
        runs_out = "perhaps_units"
    by_mail = accounts.people / max(accounts.mails_per_hour, 1)
    by_site = _hours_of_visits(accounts, visits.expected)
    return Outlook(
        people=accounts.people,
        units=accounts.units,
        visits=visits,
        wanted=wanted,
        sold=sold,
        revenue_minor=sold.times(price_minor),
        left_free=max(0, accounts.units_free - accounts.units),
        short=max(0, accounts.units - accounts.units_free),
        runs_out=runs_out,
        hours=max(by_mail, by_site),
        slowest="site" if by_site > by_mail else "mails",
        learned_from=shown.sent,
    )


def _share(came: int, of: int, prior: Prior) -> Range:
    weight = of + prior.weight
    share = min((min(came, of) + prior.p * prior.weight) / weight, 1.0)
    deviation = math.sqrt(share * (1 - share) / (weight + 1)) * _SPREAD
    return Range(share, max(share - deviation, 0.0), min(share + deviation, 1.0))


def _hours_of_visits(accounts: Accounts, visits: float) -> float:
    """Return how long the shop takes to let so many in, beyond those it has places for now."""
    if accounts.site_free is None or visits <= accounts.site_free:
        return 0.0
    if accounts.site_per_s <= 0:
        return HOURS_MOST
    return min((visits - accounts.site_free) / accounts.site_per_s / 3600, HOURS_MOST)
