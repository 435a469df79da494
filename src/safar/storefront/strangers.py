"""Mails to strangers that a network may cause: few an hour, in each process, whatever they are about."""

from weakref import WeakKeyDictionary

from safar.gate.door.limits import Buckets
from safar.kernel.context import Context
from safar.kernel.database import Database

_networks: WeakKeyDictionary[Database, Buckets] = WeakKeyDictionary()


def may_cause_mail(context: Context, network: str | None) -> bool:
    """Tell whether one more mail may go to an address that nobody has proven, and count it."""
    per_hour = context.settings.confirm_mails_network_hour
    buckets = _networks.setdefault(context.database, Buckets(per_hour / 60, per_hour))
    return network is None or buckets.take(network)
