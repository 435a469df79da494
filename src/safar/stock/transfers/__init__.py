"""Transfers: units that leave one location of ours, are on the way, and arrive at another, or do not."""

from safar.stock.transfers.actions import arrive, call_off, draft, send, transfer, transfers
from safar.stock.transfers.model import Arrival, Plan, TransferState

__all__ = ["Arrival", "Plan", "TransferState", "arrive", "call_off", "draft", "send", "transfer", "transfers"]
