"""The colours that follow from the one the owner chose: words in it and on it can be read, light and dark.

Contrast is that of WCAG 2.2: (lighter + 0.05) / (darker + 0.05) of the relative luminances.
"""

import colorsys
import re
from dataclasses import dataclass
from functools import lru_cache

FIRST_COLOUR = "#0d6a63"
CONTRAST_LEAST = 4.5
_HEX = re.compile(r"#[0-9a-f]{6}")
# The grounds of front.css that are nearest to words: the darkest light one, the brightest dark one.
_LIGHT_GROUND, _DARK_GROUND = "#f4f1ed", "#27232b"
_LIGHT_CARD, _DARK_CARD = "#ffffff", "#1d1a20"
_WHITE, _INK, _BLACK = "#ffffff", "#1b1320", "#000000"
_STEPS = 200

_Rgb = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Palette:
    """`fill` is what was chosen, `on_fill` words on it; `words` links and headings on light grounds.

    `…_dark`: the same where the ground is dark. `wash`: a ground with a breath of the colour.
    """

    fill: str
    fill_deep: str
    on_fill: str
    words: str
    words_deep: str
    wash: str
    words_dark: str
    words_dark_deep: str
    on_dark: str
    wash_dark: str


def is_colour(text: str) -> bool:
    """Tell whether `text` is a colour as we keep it: `#0d6a63`."""
    return _HEX.fullmatch(text) is not None


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours: 1 to 21."""
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@lru_cache(maxsize=256)
def palette_of(colour: str) -> Palette:
    """Return what follows from a colour. Raises ValueError when it is none."""
    if not is_colour(colour):
        raise ValueError(colour)
    wash, wash_dark = _mixed(colour, _LIGHT_CARD, 0.1), _mixed(colour, _DARK_CARD, 0.12)
    words = _readable(colour, (_LIGHT_GROUND, wash), step=-1)
    dark = _readable(colour, (_DARK_GROUND, wash_dark), step=1)
    on_fill, on_dark = _on(colour), _on(dark)
    return Palette(
        fill=colour,
        fill_deep=_mixed(_BLACK if on_fill == _WHITE else _WHITE, colour, 0.2),
        on_fill=on_fill,
        words=words,
        words_deep=_mixed(_BLACK, words, 0.25),
        wash=wash,
        words_dark=dark,
        words_dark_deep=_mixed(_WHITE, dark, 0.3),
        on_dark=on_dark,
        wash_dark=wash_dark,
    )


def _on(ground: str) -> str:
    """Return white, our ink or black: one of them can be read on any colour."""
    return next(one for one in (_WHITE, _INK, _BLACK) if contrast(one, ground) >= CONTRAST_LEAST)


def _readable(colour: str, grounds: tuple[str, ...], *, step: int) -> str:
    """Return the colour, made darker (`step` -1) or lighter until words in it can be read on all grounds."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*_rgb(colour))
    for _try in range(_STEPS):
        found = _hex(colorsys.hls_to_rgb(hue, lightness, saturation))
        if all(contrast(found, ground) >= CONTRAST_LEAST for ground in grounds):
            return found
        lightness = min(max(lightness + step / _STEPS, 0.0), 1.0)
    return _BLACK if step < 0 else _WHITE


def _mixed(colour: str, into: str, share: float) -> str:
    parts = zip(_rgb(colour), _rgb(into), strict=True)
    red, green, blue = (one * share + other * (1 - share) for one, other in parts)
    return _hex((red, green, blue))


def _luminance(colour: str) -> float:
    low = 0.04045
    red, green, blue = (
        part / 12.92 if part <= low else ((part + 0.055) / 1.055) ** 2.4 for part in _rgb(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _rgb(colour: str) -> _Rgb:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _hex(parts: _Rgb) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)
