"""The registered channels whose providers post to us: the only list of them.

Those that other packages bring come from their entry points (`plugins.py`).
"""

from collections.abc import Mapping

from safar.channels.kinds.http.kind import KIND as HTTP
from safar.channels.kinds.kind import ChannelKind
from safar.channels.kinds.meta.kind import INSTAGRAM, MESSENGER
from safar.channels.kinds.sms.kind import KIND as SMS
from safar.channels.kinds.telegram.kind import KIND as TELEGRAM
from safar.channels.kinds.whatsapp.kind import KIND as WHATSAPP
from safar.channels.plugins import kinds_of_others

_OURS: tuple[ChannelKind, ...] = (WHATSAPP, INSTAGRAM, MESSENGER, TELEGRAM, SMS, HTTP)
_OTHERS = kinds_of_others(frozenset(kind.name for kind in _OURS) | {"web", "email"})
KINDS: Mapping[str, ChannelKind] = {kind.name: kind for kind in (*_OURS, *_OTHERS)}
