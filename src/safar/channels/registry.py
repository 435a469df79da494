"""The registered channels whose providers post to us: the only list of them."""

from collections.abc import Mapping

from safar.channels.kinds.kind import ChannelKind

_OURS: tuple[ChannelKind, ...] = ()
KINDS: Mapping[str, ChannelKind] = {kind.name: kind for kind in _OURS}
