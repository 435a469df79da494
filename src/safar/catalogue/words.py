"""The words of products in the languages of the customers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from safar.catalogue.actions import QUERIES
from safar.catalogue.decide import variant_title
from safar.catalogue.model import ProductWords, Variant
from safar.kernel.database import Connection, rows
from safar.kernel.rare import Rare


@dataclass(frozen=True, slots=True)
class _Row:
    product_id: UUID
    title: str
    description: str
    options: dict[str, str]


async def words_in(
    connection: Connection, product_ids: Iterable[UUID], language: str
) -> dict[UUID, ProductWords]:
    """Return the words of products in `language`; those of a product without any in it are its own."""
    params = {"ids": list(dict.fromkeys(product_ids)), "language": language}
    records = await rows(_Row, connection, QUERIES["words_in"], params)
    return {row.product_id: ProductWords(row.title, row.description, row.options) for row in records}


async def _titles(
    connection: Connection, keys: Sequence[tuple[str, UUID]]
) -> dict[tuple[str, UUID], ProductWords]:
    titles: dict[tuple[str, UUID], ProductWords] = {}
    for language in {language for language, _product_id in keys}:
        product_ids = [product_id for wanted, product_id in keys if wanted == language]
        words = await words_in(connection, product_ids, language)
        titles |= {(language, id_): replace(said, description="") for id_, said in words.items()}
    return titles


# By language and product, without the descriptions, which are long.
TITLES: Rare[tuple[str, UUID], ProductWords] = Rare(_titles)


def title_in(title: str, options: Mapping[str, str], words: ProductWords | None) -> str:
    """Return a variant's title in the language of `words`: its product's, with its options; else its own."""
    if words is None or title.startswith(words.title):
        return title
    return variant_title(
        words.title, {name: words.options.get(value, value) for name, value in options.items()}
    )


async def titles_in(connection: Connection, variants: Iterable[Variant], language: str) -> dict[UUID, str]:
    """Return what variants are called in `language`, those that have another title there."""
    known = list(variants)
    words = await words_in(connection, [variant.product_id for variant in known], language)
    titles = {
        variant.id: title_in(variant.title, variant.options, words.get(variant.product_id))
        for variant in known
    }
    return {variant.id: titles[variant.id] for variant in known if titles[variant.id] != variant.title}
