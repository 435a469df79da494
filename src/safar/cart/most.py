"""How many units of a product go into one order at most, all its variants together.

Asked by the verb that takes the order, so that cart, wishlist, `/buy` and kits are bound by it; the cart
shows it before. A kit counts as what it is, and each of its parts as units of the part's product.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from safar.catalogue.model import Variant

Parts = Mapping[UUID, tuple[tuple[UUID, int], ...]]


@dataclass(frozen=True, slots=True)
class Most:
    """At most `units` of a product go into one order; `title` names it."""

    product_id: UUID
    units: int
    title: str


Mosts = Mapping[UUID, Most]


def mosts_of(variants: Iterable[Variant]) -> dict[UUID, Most]:
    """Return the limits of the products that have one, by variant."""
    return {
        variant.id: Most(variant.product_id, variant.order_max, variant.title)
        for variant in variants
        if variant.order_max is not None
    }


def beyond(units: Mapping[UUID, int], kits: Parts, mosts: Mosts) -> list[Most]:
    """Return the limits that so many units of these variants go beyond, in the order of the lines."""
    if not mosts:
        return []
    counts: dict[UUID, int] = {}
    limits: dict[UUID, Most] = {}
    for variant_id, quantity in units.items():
        for id_, each in ((variant_id, 1), *kits.get(variant_id, ())):
            most = mosts.get(id_)
            if most is not None:
                limits.setdefault(most.product_id, most)
                counts[most.product_id] = counts.get(most.product_id, 0) + each * quantity
    return [most for product_id, most in limits.items() if counts[product_id] > most.units]
