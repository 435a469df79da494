"""The shapes of the map: for each stage three bands, those who went on, are inside, and dropped out."""

from dataclasses import dataclass

from safar.journey.model import Stage

_WIDTH, _HEIGHT = 100, 100


@dataclass(frozen=True, slots=True)
class Bands:
    """SVG polygons in a box of 100 by 100: as high as the share of people who came to this stage."""

    went_on: str
    inside: str
    dropped: str


def bands(stage: Stage, most: int) -> Bands:
    """Return a stage's bands, drawn to the scale of the stage with most arrivals."""
    scale = _HEIGHT / most if most else 0.0
    top = _HEIGHT - stage.arrivals * scale
    after_on = top + stage.went_on * scale
    after_inside = after_on + stage.inside * scale
    return Bands(
        _polygon((0, top), (_WIDTH, top), (_WIDTH, after_on), (0, after_on)),
        _polygon((0, after_on), (_WIDTH * 0.85, after_on), (_WIDTH * 0.85, after_inside), (0, after_inside)),
        _polygon((0, after_inside), (_WIDTH * 0.7, _HEIGHT), (0, _HEIGHT)),
    )


def _polygon(*points: tuple[float, float]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
