"""The events that this room writes, as staff read them."""

from collections.abc import Mapping
from typing import Any

from safar.journal.kinds import EventKind
from safar.kernel.i18n import N_


def _answered(properties: Mapping[str, Any]) -> str | None:
    if properties.get("waited_s") is None:
        return None
    return N_("Answered by %(author)s by %(channel)s after %(waited)s")


EVENTS = (
    EventKind("message.queued", N_("Message from %(author)s on its way by %(channel)s"), "message"),
    EventKind(
        "message.sent", N_("Message from %(author)s sent by %(channel)s"), "message", otherwise=_answered
    ),
    EventKind("message.failed", N_("Message could not be delivered: %(reason)s"), "message"),
    EventKind("message.text_changed", N_("Changed the words of the mail %(kind)s (%(language)s)")),
    EventKind("message.unknown", N_("Nobody can tell whether a message arrived: %(reason)s"), "message"),
    EventKind("message.file_arrived", N_("The file of a message has arrived"), "message"),
    EventKind("channel.changed", N_("Set up the channel %(name)s")),
    EventKind("message.skipped", N_("Message not sent: %(reason)s"), "message"),
)
