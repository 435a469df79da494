"""Mails about orders to mailboxes that nobody has proven: few an hour by network, few a day by address.

Whoever types a stranger's address has the shop write to the stranger. A network may be thousands of honest
customers: what goes beyond its hour is not lost, it waits its turn, for a day at most. Asked when a mail
leaves, so that a mailbox proven meanwhile is bound by neither.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from safar.channels.letting import Ask
from safar.channels.model import Due, Withheld
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute, rows, tuples
from safar.kernel.queries import queries_beside
from safar.orders.unpaid import key_of_address
from safar.settings import Settings

QUERIES = queries_beside(__file__, "limits.sql")
ADDRESS_LIMIT = "first_mails_address"
NETWORK_LIMIT = "first_mails_network"
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_AGAIN_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class First:
    """A mail about an order whose mailbox is not proven; `network`: the key of who caused it, if known."""

    message_id: UUID
    network: int | None


@dataclass(slots=True)
class Counts:
    """How many such mails left lately, by the key of the network in an hour, of the address in a day."""

    networks: Counter[int]
    addresses: Counter[int]


def may_leave(
    first: First, address: int, counts: Counts, *, per_network: int, per_address: int
) -> str | None:
    """Return why a mail may not leave now, or None, and count it then; 0 is no limit."""
    if per_address and counts.addresses[address] >= per_address:
        return ADDRESS_LIMIT
    if per_network and first.network is not None and counts.networks[first.network] >= per_network:
        return NETWORK_LIMIT
    counts.addresses[address] += 1
    if first.network is not None:
        counts.networks[first.network] += 1
    return None


def asks(settings: Settings) -> dict[str, Ask]:
    """Return the checks that the outbox runs before a mail leaves."""

    async def ask(connection: Connection, due: Sequence[Due]) -> list[Withheld]:
        return await withheld_mails(connection, due, settings)

    return {"shop": ask}


async def withheld_mails(connection: Connection, due: Sequence[Due], settings: Settings) -> list[Withheld]:
    """Return which of the mails may not leave now; write down the others that go to unproven mailboxes."""
    mails = {mail_due.id: mail_due for mail_due in due if mail_due.customer_id is not None}
    records = [
        {"id": mail.id, "customer_id": mail.customer_id, "email": mail.address} for mail in mails.values()
    ]
    firsts = await rows(First, connection, QUERIES["first_mails"], {"mails": as_json(records)})
    if not firsts:
        return []
    now = clock.now()
    keys = {
        first_mail.message_id: key_of_address(mails[first_mail.message_id].address) for first_mail in firsts
    }
    counts = await _counts(connection, firsts, list(keys.values()))
    withheld, leaving = [], []
    for first in firsts:
        address = keys[first.message_id]
        reason = may_leave(
            first,
            address,
            counts,
            per_network=settings.first_mails_network_hour,
            per_address=settings.first_mails_address_day,
        )
        if reason is None:
            leaving.append({"message_id": first.message_id, "network": first.network, "address": address})
            continue
        waits = reason == NETWORK_LIMIT and mails[first.message_id].at > now - _DAY
        withheld.append(Withheld(first.message_id, reason, now + _AGAIN_AFTER if waits else None))
    await execute(connection, QUERIES["note_first_mails"], {"mails": as_json(leaving), "now": now})
    return withheld


async def _counts(connection: Connection, firsts: Sequence[First], addresses: Sequence[int]) -> Counts:
    now = clock.now()
    params = {
        "networks": sorted({first_mail.network for first_mail in firsts if first_mail.network is not None}),
        "addresses": sorted(set(addresses)),
        "hour_ago": now - _HOUR,
        "day_ago": now - _DAY,
    }
    lately = await tuples(connection, QUERIES["first_mails_lately"], params)
    counts = Counts(Counter(), Counter())
    for kind, key, number in lately:
        (counts.networks if kind == "network" else counts.addresses)[key] = number
    return counts
