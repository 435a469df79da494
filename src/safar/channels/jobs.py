"""What the worker runs for the channels."""

from collections.abc import Mapping

from safar.channels.letting import Ask
from safar.channels.messengers import Messengers
from safar.channels.outbox import Outbox
from safar.channels.senders import Senders
from safar.channels.upkeep import Upkeep
from safar.kernel.context import Context
from safar.kernel.loops import Loop

_IDLE_S = 0.2
_FILES_IDLE_S = 0.5
_OVERTAKEN_IDLE_S = 2.0
_ASK_IDLE_S = 30.0


def loops(context: Context, asks: Mapping[str, Ask]) -> list[Loop]:
    """Return the dispatchers of e-mail and messengers, and the upkeep of the accounts at providers.

    `asks`: by author, who is asked before a message leaves.
    """
    senders = Senders()
    upkeep = Upkeep(context, senders)
    return [
        Loop("outbox", Outbox(context, asks).step, _IDLE_S),
        Loop("messengers", Messengers(context, senders, asks).step, _IDLE_S),
        Loop("channels.files", upkeep.fetch_files, _FILES_IDLE_S),
        Loop("channels.overtaken", upkeep.apply_overtaken, _OVERTAKEN_IDLE_S),
        Loop("channels.asked", upkeep.ask_providers, _ASK_IDLE_S),
    ]
