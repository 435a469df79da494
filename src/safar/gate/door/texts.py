"""Texts for waiting visitors, in their language, with rounded figures: more precision would be false."""

from datetime import datetime
from functools import lru_cache

from safar.gate.line.decide import Estimate
from safar.gate.tickets.model import Mode, Site
from safar.kernel import clock
from safar.kernel.i18n import _, current_language, date, duration, time_of_day

_SEPARATORS = {"en": ",", "pt-BR": ".", "fa": "٬", "hi": ","}
_PERSIAN_DIGITS = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


def estimate_text(expected: Estimate | None) -> str:
    """Return the range in words."""
    if expected is None:
        return _("Not known yet")
    return _range_text(current_language(), _rounded(expected.least_s), _rounded(expected.most_s))


@lru_cache(maxsize=4096)
def _range_text(_language: str, least_s: int, most_s: int) -> str:
    if most_s <= 60:
        return _("Less than a minute") if most_s > 15 else _("A few seconds")
    if least_s < 30:
        return _("Up to %(most)s", most=duration(most_s))
    if least_s == most_s:
        return _("About %(most)s", most=duration(most_s))
    return _("%(least)s to %(most)s", least=duration(least_s), most=duration(most_s))


def _rounded(seconds: float) -> int:
    for step_s in (5, 30, 60, 300):
        if seconds < step_s * 12:
            return step_s * round(seconds / step_s)
    return 900 * round(seconds / 900)


def place_text(place: int) -> str:
    """Return a place as a number of the language: what kernel.i18n.number gives, twenty times as fast."""
    language = current_language()
    digits = str(place)
    if len(digits) > 3:
        groups = [digits[-3:]]
        rest, size = digits[:-3], 2 if language == "hi" else 3
        while rest:
            groups.append(rest[-size:])
            rest = rest[:-size]
        digits = _SEPARATORS[language].join(reversed(groups))
    return digits.translate(_PERSIAN_DIGITS) if language == "fa" else digits


def opens_text(opens_at: datetime) -> str:
    """Return the opening time: the hour on its day, the day too before that."""
    now = clock.now()
    if date(opens_at) == date(now):
        return time_of_day(opens_at)
    return _("%(date)s, %(time)s", date=date(opens_at), time=time_of_day(opens_at))


def left_text(opens_at: datetime) -> str:
    """Return how long it is until the opening."""
    left_s = (opens_at - clock.now()).total_seconds()
    if left_s <= 0:
        return _("Any moment now")
    return _("in %(time)s", time=duration(max(60, 60 * round(left_s / 60)) if left_s > 90 else left_s))


def waiting_message(site: Site | None) -> str | None:
    """Return what staff say to those who wait, in the reader's language if they said it in that one."""
    if site is None or not site.message:
        return None
    texts = site.message
    return texts.get(current_language()) or texts.get("en") or next(iter(texts.values()))


def paused_text(site: Site | None) -> str | None:
    """Return why nobody's turn comes while staff have paused entry."""
    if site is None or site.mode != Mode.HELD:
        return None
    return _("We’ve paused entry for a moment. You keep your place, and it goes on in the same order.")


def goods_text(site: Site | None) -> str | None:
    """Return the honest warning of a room whose last units lie in other customers' orders."""
    if site is None or site.units_left is None or site.units_left > 0 or not site.units_held:
        return None
    return _(
        "Every unit is in somebody's order at this moment. You get one only if an order is not paid; "
        "we tell you at once when that cannot be any more."
    )
