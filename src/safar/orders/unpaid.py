"""What is ordered and not paid yet, and how much of it one visitor, address or network may have.

It is counted in the transaction that takes the order, without locks: each transaction under way at the same
moment may go beyond a limit once more, which keeps the limit a limit and costs an honest order nothing.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from safar.customers.identify import mailbox_of
from safar.orders.errors import ProveFirst, TooMuchUnpaid
from safar.orders.model import OrderRequest

_BITS_LEAST, _BITS_MORE_MOST = 11, 4  # of the proof of work: see gate.work
_ALL = 100


@dataclass(frozen=True, slots=True)
class Owners:
    """Under which keys an order counts: browser, folded address, network (None: nobody can tell)."""

    visitor: int
    address: int
    network: int | None


def owners_of(request: OrderRequest) -> Owners:
    network = request.buyer.network
    return Owners(
        _key("visitor", request.buyer.visitor_id),
        key_of_address(request.email),
        None if network is None else _key("network", network),
    )


def key_of_address(email: str) -> int:
    """Return the key under which everything of one mailbox counts."""
    return _key("address", mailbox_of(email))


def _key(kind: str, owner: object) -> int:
    digest = hashlib.blake2b(f"{kind} {owner}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


@dataclass(slots=True)
class Unpaid:
    """Orders that are not paid, by owner, and their units by owner and variant; a batch adds its own."""

    orders: dict[int, set[UUID]] = field(default_factory=dict)
    units: dict[tuple[int, UUID], int] = field(default_factory=dict)

    def add(self, owner: int, order_id: UUID, units: Mapping[UUID, int]) -> None:
        self.orders.setdefault(owner, set()).add(order_id)
        for variant_id, count in units.items():
            self.units[owner, variant_id] = self.units.get((owner, variant_id), 0) + count

    def note(self, request: OrderRequest, demand: Mapping[UUID, int]) -> None:
        """Count an order that is taken now, for those that follow in its batch."""
        owners = owners_of(request)
        for owner in (owners.visitor, owners.address, owners.network):
            if owner is not None:
                self.add(owner, request.order_id, demand)


def refusal_of_unpaid(
    request: OrderRequest, demand: Mapping[UUID, int], free: Mapping[UUID, int], unpaid: Unpaid
) -> TooMuchUnpaid | ProveFirst | None:
    """Return why so much is not kept without being paid, or None.

    `demand`: units by variant that leave a shelf; `free`: those that nobody has yet. One browser and one
    address are refused beyond their limits; of a network, behind which may be thousands, a proof of work is
    asked for, longer the further beyond it is.
    """
    limits, owners = request.limits, owners_of(request)

    def too_large(owner: int, percent: int) -> bool:
        """Tell whether the owner would have more than a share of what there is of an article."""
        for variant_id, wanted in demand.items():
            had = unpaid.units.get((owner, variant_id), 0)
            share = (free.get(variant_id, 0) + had) * percent // _ALL
            if percent and had + wanted > max(share, limits.units_least):
                return True
        return False

    for owner in (owners.visitor, owners.address):
        if limits.orders and len(unpaid.orders.get(owner, ())) >= limits.orders:
            return TooMuchUnpaid()
        if too_large(owner, limits.share_percent):
            return TooMuchUnpaid()
    if owners.network is None:
        return None
    most = limits.orders_network
    beyond = len(unpaid.orders.get(owners.network, ())) // most if most else 0
    beyond += too_large(owners.network, 2 * limits.share_percent)
    bits = _BITS_LEAST + min(beyond - 1, _BITS_MORE_MOST) if beyond else 0
    return ProveFirst(bits) if bits > request.buyer.worked_bits else None
