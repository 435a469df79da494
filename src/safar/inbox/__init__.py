"""Inbox: one running conversation with each customer, across all channels."""
