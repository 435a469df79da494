"""Purchasing: suppliers, what they ask for, orders to them, and what came of these orders."""

from safar.stock.purchasing.model import (
    Drafted,
    Purchase,
    PurchaseDraft,
    PurchaseState,
    Supplier,
    SupplierItem,
)
from safar.stock.purchasing.orders import draft_many, purchases
from safar.stock.purchasing.suppliers import items_of_variants, suppliers

__all__ = [
    "Drafted",
    "Purchase",
    "PurchaseDraft",
    "PurchaseState",
    "Supplier",
    "SupplierItem",
    "draft_many",
    "items_of_variants",
    "purchases",
    "suppliers",
]
