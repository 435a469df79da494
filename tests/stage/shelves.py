"""Shelves at three places, for the choice among them."""

from safar.kernel.ids import derived_id
from safar.stock.model import Level, Place, Selling

A, B, C, ASIDE = (derived_id("at", name) for name in "ABC*")
MUG, CLOCK = derived_id("v", "mug"), derived_id("v", "clock")
AT = [Selling(A, "warehouse", "GB"), Selling(B, "store", "BR"), Selling(C, "store", "IN")]


def levels_of(**units: int) -> dict[Place, Level]:
    """`mA=3`: three free mugs at A."""
    names = {"m": MUG, "c": CLOCK, "A": A, "B": B, "C": C, "X": ASIDE}
    return {
        (names[name[0]], names[name[1]]): Level(number, free, 0)
        for number, (name, free) in enumerate(units.items())
    }
