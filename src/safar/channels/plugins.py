"""Channels that packages of others bring: registered by entry points, left out when they do not load."""

from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points

from safar.channels.kinds.kind import ChannelKind
from safar.kernel.log import error_kind, log

GROUP = "safar.channels"


def kinds_of_others(known: frozenset[str], found: Iterable[EntryPoint] | None = None) -> list[ChannelKind]:
    """Return the channels of other packages. One that is broken, or that has a name of ours, is named in the
    log and left out: it keeps no shop from starting."""
    kinds: list[ChannelKind] = []
    for entry in entry_points(group=GROUP) if found is None else found:
        try:
            kind = entry.load()
        # It is somebody else's code: whatever it raises while it is loaded is its own affair.
        except Exception as wrong:
            log.error("channel.not_loaded", channel=entry.name, value=entry.value, error=error_kind(wrong))
            continue
        taken = known | {one.name for one in kinds}
        if not isinstance(kind, ChannelKind) or kind.name != entry.name or kind.name in taken:
            log.error("channel.not_registered", channel=entry.name, value=entry.value)
            continue
        kinds.append(kind)
    return kinds
