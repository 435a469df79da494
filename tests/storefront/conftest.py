"""A shop with options, offers, words in several languages and prices in two currencies."""

from tests.stage.showcase import base, browser, shop

__all__ = ["base", "browser", "shop"]
