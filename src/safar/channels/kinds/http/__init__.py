"""Any program that posts JSON with a signature: a channel for what has none of its own."""
