"""Files of customers: given out, handed in with the source of their consent, looked at, imported."""
