"""Payments behind one port: ways to pay, money that comes in, money that goes back."""

from safar.shop.payments.model import RefundAnswer, RefundAsked, RefundRefused, RefundRequest
from safar.shop.payments.port import CASH, PIX, STRIPE, TEST_CARD, TRANSFER, UPI, Way
from safar.shop.payments.refunds import refund_many
from safar.shop.payments.show import Box, box
from safar.shop.payments.test_card import METHODS
from safar.shop.payments.ways import hold_minutes, offered

__all__ = [
    "CASH", "METHODS", "PIX", "STRIPE", "TEST_CARD", "TRANSFER", "UPI", "Box", "RefundAnswer", "RefundAsked",
    "RefundRefused", "RefundRequest", "Way", "box", "hold_minutes", "offered", "refund_many",
]  # fmt: skip
