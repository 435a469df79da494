"""Variants made from options and their values: every combination, those that exist marked. No I/O."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from safar.catalogue.articles import Article
from safar.catalogue.choices import told_apart
from safar.catalogue.decide import SKU_MAX
from safar.kernel.text import fold

OPTIONS_AT_ONCE = 3
CELLS_MAX = 40


@dataclass(frozen=True, slots=True)
class Cell:
    """A combination of values: the SKU of the variant that has it, or one that it could get."""

    options: Mapping[str, str]
    sku: str
    exists: bool


def values_typed(text: str) -> list[str]:
    """Return values written between commas, each once whatever its case."""
    values = [part.strip() for part in text.replace("،", ",").split(",")]
    spelt: dict[str, str] = {}
    for value in filter(None, values):
        spelt.setdefault(fold(value), value)
    return list(spelt.values())


def options_of(articles: Sequence[Article]) -> dict[str, list[str]]:
    """Return the options of variants with all their values, in the order in which they came."""
    options: dict[str, list[str]] = {}
    for article in articles:
        for name, value in article.variant.options.items():
            if value not in options.setdefault(name, []):
                options[name].append(value)
    return options


def cells_of_matrix(
    options: Mapping[str, Sequence[str]], articles: Sequence[Article], base: str
) -> list[Cell]:
    """Return every combination of the values, in order; `base` begins the SKUs of new ones."""
    taken = {article.variant.sku for article in articles}
    cells = []
    for values in product(*options.values()):
        wanted = dict(zip(options, values, strict=True))
        there = next(
            (a for a in articles if a.variant.options and not told_apart(a.variant.options, wanted)), None
        )
        sku = there.variant.sku if there else _suggested(base, values, taken)
        taken.add(sku)
        cells.append(Cell(wanted, sku, there is not None))
    return cells


def _suggested(base: str, values: Sequence[str], taken: Collection[str]) -> str:
    """Return BASE-RED-S, shortened to what a SKU may have, with a number where another has it already."""
    parts = ["".join(letter for letter in value.upper() if letter.isalnum())[:6] for value in values]
    sku = "-".join([base, *filter(None, parts)])[: SKU_MAX - 3]
    number, free = 2, sku
    while free in taken:
        free, number = f"{sku}-{number}", number + 1
    return free
