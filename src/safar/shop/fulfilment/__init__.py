"""The life of an order after it is confirmed: packed, shipped, delivered, closed; returns and exchanges."""
