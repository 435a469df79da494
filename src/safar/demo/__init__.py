"""The demonstration: a real week of a real shop, and the journey of its customers."""
