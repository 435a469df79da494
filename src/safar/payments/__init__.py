"""Payments: the ways to pay, starting and settling a payment, giving money back."""
