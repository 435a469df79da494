"""Stripe: cards and wallets."""
