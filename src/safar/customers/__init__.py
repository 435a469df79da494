"""Customers: who they are, by which addresses we know them, and what they allowed us."""
