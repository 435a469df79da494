"""What the pages of purchase orders, transfers and counts share: a list by state, lines of articles."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from starlette.requests import Request

from safar.catalogue.actions import variants_by_id
from safar.kernel.database import Connection
from safar.kernel.i18n import _
from safar.kernel.ids import new_id
from safar.kernel.keyset import cut
from safar.kernel.text import whole_number
from safar.kernel.web.forms import Fields
from safar.stock import forms

PAGE_SIZE = 50


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


async def article_of(connection: Connection, fields: Fields) -> UUID:
    """Return the article of a line: scanned or typed, or that of a row; an unknown one is a problem."""
    if "variant_id" not in fields.values:
        variant = await forms.variant_in(connection, fields)
        return variant.id if variant else new_id()
    variant_id = fields.uuid("variant_id")
    if variant_id not in await variants_by_id(connection, [variant_id]):
        fields.problems["variant_id"] = _("Choose one of the options.")
    return variant_id
