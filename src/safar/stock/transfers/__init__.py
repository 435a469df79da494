"""Transfers: units that leave one location of ours, are on the way, and arrive at another, or do not."""

from safar.stock.transfers.actions import arrive, call_off, draft, send_transfer, transfer, transfers
from safar.stock.transfers.model import TransferArrival, TransferPlan, TransferState

__all__ = [
    "TransferArrival",
    "TransferPlan",
    "TransferState",
    "arrive",
    "call_off",
    "draft",
    "send_transfer",
    "transfer",
    "transfers",
]
