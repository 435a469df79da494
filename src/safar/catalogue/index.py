"""What products are found by: titles in every language, categories, SKUs, barcodes and options, folded."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from safar.catalogue.names import names_of_category
from safar.kernel.database import Connection, as_json, execute, rows
from safar.kernel.queries import queries_beside
from safar.kernel.text import fold

QUERIES = queries_beside(__file__)
_LENGTH_MAX = 8000
_HYPHENATED = re.compile(r"[^\W\d_]{1,40}(?:-[^\W\d_]{1,40}){1,4}")


@dataclass(frozen=True, slots=True)
class _Words:
    id: UUID
    category: str
    category_names: dict[str, str]
    texts: Sequence[str]


async def index_many(connection: Connection, product_ids: Collection[UUID]) -> None:
    """Write anew what these products are found by."""
    if not product_ids:
        return
    word_rows = await rows(_Words, connection, QUERIES["texts_of_products"], {"ids": list(product_ids)})
    records = [{"id": word_row.id, "searchable": _searchable(word_row)} for word_row in word_rows]
    await execute(connection, QUERIES["save_searchable"], {"products": as_json(records)})


def _searchable(words: _Words) -> str:
    """Return the folded texts, each once, the title first; a T-shirt is found as a tshirt, too."""
    names = {**names_of_category(words.category), **words.category_names}
    texts = [*words.texts[:1], words.category, *names.values(), *words.texts[1:]]
    folded = dict.fromkeys(fold(text) for text in texts if text)
    joined = dict.fromkeys(
        part.replace("-", "") for text in words.texts for part in _HYPHENATED.findall(fold(text))
    )
    return " ".join([*folded, *joined])[:_LENGTH_MAX]
