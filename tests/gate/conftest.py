"""A small shop behind the gate, and visitors who walk in over real HTTP."""

from tests.stage.gate import drop, open_shop, settings

__all__ = ["drop", "open_shop", "settings"]
