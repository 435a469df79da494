"""A small shop with an impatient checkout, its public payment doors, and what payments are looked at with."""

from tests.stage.payments import _quick, doors, later, settings, shop

__all__ = ["_quick", "doors", "later", "settings", "shop"]
