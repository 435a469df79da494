"""What the pages of purchase orders, transfers and counts share: a list by state, lines of articles."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from safar.catalogue.actions import patterns_of, variants_by_id
from safar.kernel.database import Connection, rows
from safar.kernel.i18n import _
from safar.kernel.ids import new_id
from safar.kernel.keyset import cut
from safar.kernel.text import whole_number
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, render
from safar.stock import forms
from safar.stock.actions import QUERIES

PAGE_SIZE = 50
_TITLED_MAX = 20
_WORDS_CHARACTERS_MAX = 64


async def latest(
    request: Request, folders: Mapping[str, Sequence[str]], read: Callable[..., Awaitable[Sequence[Any]]]
) -> dict[str, Any]:
    """Return a page of numbered documents, the latest first, as the list templates take it."""
    folder, before = (
        request.query_params.get("state", ""),
        whole_number(request.query_params.get("before", "")),
    )
    documents = await read(states=folders.get(folder), before=before, limit=PAGE_SIZE + 1)
    shown, last = cut(documents, PAGE_SIZE)
    older = forms.at("", state=folder, before=last.number) if last else None
    return {
        "documents": shown,
        "older": older,
        "first": before is None,
        "folder": folder if folder in folders else "",
    }


def page_of(lines: Sequence[Any], after: str, size: int = PAGE_SIZE) -> dict[str, Any]:
    """Return the first of the lines that follow an article number, as the templates take them."""
    shown, last = cut(lines, size)
    return {"lines": shown, "more": forms.at("", after=last.sku) if last else None, "first": not after}


@dataclass(frozen=True, slots=True)
class TitledArticle:
    """An article as it is found by words of its title."""

    id: UUID
    sku: str
    title: str


async def articles_by_words(connection: Connection, words: str) -> list[TitledArticle]:
    """Return articles whose title or SKU contains all of these words, those of a list to choose from."""
    params = {"patterns": patterns_of(words[:_WORDS_CHARACTERS_MAX]), "limit": _TITLED_MAX}
    return await rows(TitledArticle, connection, QUERIES["articles_by_words"], params)


async def articles_part(request: Request) -> Response:
    """Return the articles that words typed into a field may mean, as its list of options."""
    words = request.query_params.get("code", "").strip()
    async with context_of(request).database.connection() as connection:
        articles = await articles_by_words(connection, words) if len(words) > 1 else []
    return HTMLResponse(render("stock/article_options.html", {"articles": articles}))


async def article_of(connection: Connection, fields: Fields, *, by_title: bool = False) -> UUID:
    """Return the article of a line: scanned or typed, or that of a row; an unknown one is a problem.

    `by_title`: words that only one article is called by mean it. Where a scan is meant, nothing is guessed.
    """
    if "variant_id" not in fields.values:
        variant = await forms.variant_in(connection, fields)
        if variant is not None:
            return variant.id
        words = fields.values.get("code", "").strip()
        titled = await articles_by_words(connection, words) if by_title and words else []
        if len(titled) == 1:
            del fields.problems["code"]
            return titled[0].id
        if titled:
            fields.problems["code"] = _("Several articles match. Choose one of the list.")
        return new_id()
    variant_id = fields.uuid("variant_id")
    if variant_id not in await variants_by_id(connection, [variant_id]):
        fields.problems["variant_id"] = _("Choose one of the options.")
    return variant_id
