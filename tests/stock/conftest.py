"""A small catalogue with stock, and a manager's browser on the stock room's pages."""

from tests.stage.stock import desk, jars, shelves

__all__ = ["desk", "jars", "shelves"]
