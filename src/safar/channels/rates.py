"""How many messages may leave an account now: its rates are accounts of the ledger, shared by all workers.

Each rate has two: one that all messages draw on, and one without the share of staff, on which machines draw
too. What was drawn comes back when the rate's time is over: a hold that ends by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from safar.capacity.actions import expire_due, hold_many, open_many
from safar.capacity.model import Held, HoldRequest, Refused
from safar.channels.kinds.limits import SendRate
from safar.channels.kinds.port import ChannelAccount
from safar.kernel import clock
from safar.kernel.database import Connection
from safar.kernel.ids import new_id

RATE = "channel rate"
_PURPOSE = "channel_rate"
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Share:
    """How many messages of people, and of machines, may leave."""

    people: int
    machines: int


async def draw_on_rates(
    connection: Connection,
    account: ChannelAccount,
    rates: Sequence[SendRate],
    *,
    people: int,
    machines: int,
) -> Share:
    """Draw on an account's rates for so many messages; return for how many there was enough, people first."""
    share = Share(people, machines)
    shared = [rate for rate in rates if rate.scope == "account"]
    if not shared or not people + machines:
        return share
    await expire_due(connection)
    for rate in shared:
        share = await _draw_one(connection, str(account.id), rate, _most(account, rate), share)
    return share


async def draw_on_strangers(
    connection: Connection, account: ChannelAccount, rates: Sequence[SendRate], *, people: int
) -> int:
    """Draw on the rate of people who are written to outside the window; return for how many there was enough.

    It is one rate for all accounts of one scope: numbers of one portfolio share it.
    """
    share = Share(0, people)
    for rate in rates:
        if rate.scope == "people" and share.machines:
            whose = f"{account.kind}:{account.scope or account.id}"
            share = await _draw_one(connection, whose, rate, _most(account, rate), share)
    return share.machines


def _most(account: ChannelAccount, rate: SendRate) -> int:
    """Return how many the account may, by what its owner has set where the provider's number differs."""
    told = account.details.get(rate.setting, "") if rate.setting else ""
    return max(int(told), 1) if told.isdecimal() else rate.most


async def _draw_one(connection: Connection, whose: str, rate: SendRate, most: int, share: Share) -> Share:
    key = f"{whose}:{rate.name}:{most}"  # another number is another account
    for_staff = rate.for_staff * most // rate.most
    sizes = {key: most, f"{key}:machines": max(most - for_staff, 0)}
    ids = await open_many(connection, RATE, sizes)
    everybody, machines = ids[key], ids[f"{key}:machines"]
    for _attempt in range(_TRIES):
        lines = {everybody: share.people + share.machines, machines: share.machines}
        lines = {account: units for account, units in lines.items() if units}
        if not lines:
            break
        request = HoldRequest(
            hold_id=new_id(),
            lines=lines,
            expires_at=clock.now() + timedelta(seconds=rate.seconds),
            purpose=_PURPOSE,
        )
        outcome = (await hold_many(connection, [request]))[0]
        if isinstance(outcome, Held):
            return share
        assert isinstance(outcome, Refused)
        free = max(outcome.short.get(everybody, share.people + share.machines), 0)
        for_machines = max(outcome.short.get(machines, share.machines), 0)
        people = min(share.people, free)
        share = Share(people, min(share.machines, for_machines, free - people))
    return Share(0, 0)
