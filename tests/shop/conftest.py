"""The small shop, open for each test of a database here, and its console."""

from tests.stage.console import desk
from tests.stage.shop import browser, shop, stocked

__all__ = ["browser", "desk", "shop", "stocked"]
