"""A plot of sales as an SVG that the server draws: bars, each with its figure in words."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 720, 220
_TOP, _BOTTOM, _START = 12, 26, 8
_LABELS_MAX = 8


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: where it stands, and what it says."""

    x: float
    y: float
    width: float
    height: float
    text: str


@dataclass(frozen=True, slots=True)
class Label:
    """A word below the bars."""

    x: float
    text: str


@dataclass(frozen=True, slots=True)
class Plot:
    """Bars in a box of WIDTH by HEIGHT, all to one scale, and so many labels as have room below them."""

    bars: Sequence[Bar]
    labels: Sequence[Label]
    width: int = WIDTH
    height: int = HEIGHT
    base: int = HEIGHT - _BOTTOM


def plot(
    values: Sequence[int], names: Sequence[str], texts: Sequence[str], *, mirrored: bool = False
) -> Plot:
    """Return the bars for `values`; `names` stand below, `texts` are what each bar says.

    `mirrored`: time runs from right to left. What is below zero has no bar.
    """
    count, most = len(values), max([*values, 1])
    room = HEIGHT - _TOP - _BOTTOM
    step = (WIDTH - 2 * _START) / max(count, 1)
    width = max(step * 0.7, 0.5)
    every = -(-count // _LABELS_MAX)
    bars, labels = [], []
    for index, value in enumerate(values):
        place = count - 1 - index if mirrored else index
        x = _START + place * step + (step - width) / 2
        height = max(value, 0) * room / most
        bars.append(
            Bar(
                round(x, 2),
                round(HEIGHT - _BOTTOM - height, 2),
                round(width, 2),
                round(height, 2),
                texts[index],
            )
        )
        if index % every == 0:
            labels.append(Label(round(x + width / 2, 2), names[index]))
    return Plot(bars, labels)
