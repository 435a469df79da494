"""A shop with three articles, two suppliers, and half a year of sales."""

from tests.stage.replenishing import shop

__all__ = ["shop"]
