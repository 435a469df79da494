"""When a newcomer does a proof of work before getting a place: pure decisions.

A place costs whoever takes it nothing, so two things make it cost something once places get few: how many are
taken, and how many of them by one network. Thousands of honest customers may share a network (a mobile
carrier), so nobody is ever refused for theirs: they do a small calculation, a longer one the more of the
places it has.
"""

import math

from safar.gate.tickets.model import WorkLimits
from safar.gate.tickets.proof import BITS_LEAST

SHARE_LEAST = 5
_ALL = 100
_BITS_MORE_MOST = 4  # 2.6 s of a phone, when one network has sixteen shares


def share_of_network(places: int, percent: int) -> int:
    """Return how many places one network has before its newcomers do a proof of work."""
    return max(SHARE_LEAST, places * percent // _ALL)


def bits_needed(*, places: int, taken: int, in_network: int | None, limits: WorkLimits) -> int:
    """Return how hard a proof is asked for, 0 for none; `in_network` None: nobody can tell from where."""
    if in_network is not None and limits.network_percent < _ALL:
        share = share_of_network(places, limits.network_percent)
        if in_network >= share:
            return BITS_LEAST + min(int(math.log2(in_network / share)), _BITS_MORE_MOST)
    if limits.taken_percent < _ALL and taken * _ALL >= places * limits.taken_percent:
        return BITS_LEAST
    return 0
