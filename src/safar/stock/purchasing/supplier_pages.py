"""Suppliers in the console: who they are, and what they ask for what."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.kernel.ids import new_id, parse_id
from safar.kernel.keyset import FIRST_ID, cut, page_key, parse_page_key
from safar.kernel.money import plain_amount
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor, actor_of
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, page
from safar.kernel.web.post import NOTHING, Wrong, posted
from safar.stock import documents, forms
from safar.stock.purchasing.errors import UnknownSupplier
from safar.stock.purchasing.model import Supplier, SupplierItem
from safar.stock.purchasing.suppliers import (
    items_of_supplier,
    remove_item,
    save_items,
    save_supplier,
    supplier,
    suppliers,
)

_PAGE_SIZE = 50
_DAYS_MAX = 730
_CURRENCIES = ("GBP", "EUR", "USD", "BRL", "INR", "IRR", "CNY", "JPY", "TRY", "AED", "CAD", "AUD", "CHF")


async def _suppliers(request: Request, wrong: Wrong = NOTHING) -> Response:
    actor = actor_of(request)
    after = parse_page_key(request.query_params.get("after"), str, UUID)
    async with context_of(request).database.connection() as connection:
        listed = await suppliers(connection, after=after or ("", FIRST_ID), limit=_PAGE_SIZE + 1)
    shown, last = cut(listed, _PAGE_SIZE)
    values = {
        "suppliers": shown,
        "older": forms.at("", after=page_key(last.name, last.id)) if last else None,
        "first": after is None,
        "may_buy": actor.may("manager"),
        "supplier_id": new_id(),
        "currencies": _choices(context_of(request).settings.currency),
        "currency": context_of(request).settings.currency,
        **wrong.values(),
    }
    return page(request, "stock/suppliers.html", values, status=wrong.status)


async def _supplier(request: Request, wrong: Wrong = NOTHING) -> Response:
    supplier_id = parse_id(request.path_params.get("id") or wrong.typed["supplier_id"])
    actor, after = actor_of(request), request.query_params.get("after", "")
    async with context_of(request).database.connection() as connection:
        supplier_ = await supplier(connection, supplier_id)
        if supplier_ is None:
            raise UnknownSupplier
        items = await items_of_supplier(
            connection,
            supplier_.id,
            after=after if after.isprintable() else "",
            limit=documents.PAGE_SIZE + 1,
        )
    values = {
        **documents.page_of(items, after),
        "supplier": supplier_,
        "may_buy": actor.may("manager"),
        "currencies": _choices(context_of(request).settings.currency),
        "plain_amount": plain_amount,
        **wrong.values(),
    }
    return page(request, "stock/supplier.html", values, status=wrong.status)


async def _again(request: Request, wrong: Wrong) -> Response:
    return await (_supplier if wrong.typed.get("known") else _suppliers)(request, wrong)


@posted(_again)
async def _save(request: Request, actor: Actor, fields: Fields) -> str:
    """Add a supplier, or change the one of this id."""
    settings = context_of(request).settings
    wanted = Supplier(
        id=fields.uuid("supplier_id"),
        name=fields.text("name", length_max=120),
        email=fields.email("email", required=False),
        phone=fields.text("phone", length_max=40, required=False),
        lead_days=fields.integer("lead_days", least=0, most=_DAYS_MAX),
        currency=fields.choice("currency", {code for code, _code in _choices(settings.currency)}),
        active=not fields.ticked("ended"),
    )
    fields.done()
    async with context_of(request).database.transaction() as connection:
        await save_supplier(connection, wanted, staff_id=actor.id)
    return f"/stock/suppliers/{wanted.id}"


@posted(_supplier)
async def _item(request: Request, actor: Actor, fields: Fields) -> str:
    """Set what the supplier asks for an article that was scanned or typed."""
    supplier_id = parse_id(request.path_params["id"])
    lead_days = fields.optional_integer("lead_days", least=0, most=_DAYS_MAX)
    async with context_of(request).database.transaction() as connection:
        supplier_ = await supplier(connection, supplier_id)
        if supplier_ is None:
            raise UnknownSupplier
        item = SupplierItem(
            supplier_id=supplier_id,
            variant_id=await documents.article_of(connection, fields, by_title=True),
            supplier_sku=fields.text("supplier_sku", length_max=64, required=False),
            cost_minor=fields.amount("cost", supplier_.currency) or 0,
            pack_size=fields.integer("pack_size", least=1, most=100_000),
            lead_days=lead_days,
        )
        fields.done()
        await save_items(connection, [item], staff_id=actor.id)
    return f"/stock/suppliers/{supplier_id}#items"


@posted(_supplier)
async def _removal(request: Request, actor: Actor, fields: Fields) -> str:
    supplier_id, variant_id = parse_id(request.path_params["id"]), fields.uuid("variant_id")
    fields.done()
    async with context_of(request).database.transaction() as connection:
        if await supplier(connection, supplier_id) is None:
            raise UnknownSupplier
        await remove_item(connection, supplier_id, variant_id, staff_id=actor.id)
    return f"/stock/suppliers/{supplier_id}#items"


def _choices(own: str) -> list[tuple[str, str]]:
    return [(code, code) for code in dict.fromkeys((own, *_CURRENCIES))]


routes: list[BaseRoute] = [
    StaffRoute("/stock/suppliers", _suppliers, role="agent"),
    StaffRoute("/stock/suppliers", _save, role="manager", methods=["POST"]),
    StaffRoute("/stock/suppliers/{id}", _supplier, role="agent"),
    StaffRoute("/stock/suppliers/{id}/items", _item, role="manager", methods=["POST"]),
    StaffRoute("/stock/suppliers/{id}/items/removal", _removal, role="manager", methods=["POST"]),
]
