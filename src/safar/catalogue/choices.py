"""What customers choose the variants of a product by: options that tell any two apart. Without I/O.

Names and values are compared folded: "colour: red" is "Colour: Red", in whatever order they stand.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from uuid import UUID

from safar.kernel.text import fold


@dataclass(frozen=True, slots=True)
class Choosable:
    """A variant that is in the shop, as far as it is chosen by its options."""

    product_id: UUID
    variant_id: UUID
    sku: str
    options: Mapping[str, str]


def told_apart(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Tell whether a customer can choose between two variants: an option that both have differs."""
    folded = _folded(other)
    return any(folded.get(name, value) != value for name, value in _folded(one).items())


def alike(variants: Sequence[Choosable]) -> tuple[Choosable, Choosable] | None:
    """Return two variants of one product that their options do not tell apart, if there are any."""
    by_product: dict[UUID, list[Choosable]] = {}
    for variant in variants:
        by_product.setdefault(variant.product_id, []).append(variant)
    for same in by_product.values():
        for one, other in combinations(same, 2):
            if not told_apart(one.options, other.options):
                return one, other
    return None


def spelt_like(options: Mapping[str, str], others: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return options in the spelling that the others have already: one chooser for Colour and colour."""
    names: dict[str, str] = {}
    values: dict[tuple[str, str], str] = {}
    for other in others:
        for name, value in other.items():
            names.setdefault(fold(name), name)
            values.setdefault((fold(name), fold(value)), value)
    return {
        names.get(fold(name), name): values.get((fold(name), fold(value)), value)
        for name, value in options.items()
    }


def _folded(options: Mapping[str, str]) -> dict[str, str]:
    return {fold(name): fold(value) for name, value in options.items()}
