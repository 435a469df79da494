"""The catalogue's pages on the console."""

from tests.stage.catalogue import desk

__all__ = ["desk"]
