"""Channels: one way to reach a customer each; the outbox; incoming mail."""
