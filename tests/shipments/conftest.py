"""The small shop, open for each test of a database here."""

from tests.stage.shop import browser, shop, stocked

__all__ = ["browser", "shop", "stocked"]
