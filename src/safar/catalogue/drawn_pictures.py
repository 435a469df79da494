"""The picture of a product that has none: drawn from its name and category, always the same one."""

import re
import zlib
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import orjson

from safar.kernel.text import fold

_CLASS = re.compile(r'class="(\w)"')
_LINE = 'fill="none" stroke-width="5" stroke-linecap="round" stroke-linejoin="round" stroke='


@dataclass(frozen=True, slots=True)
class Drawing:
    """Which object stands before which ground, in which colouring."""

    motif: str
    ground: int
    palette: int


def drawing_of(slug: str, title: str, category: str) -> Drawing:
    """Return the drawing of a product: its object by the words of its title, else by its category."""
    book = _book()
    mark = zlib.crc32(slug.encode())
    words = f" {fold(title)} "
    found = (name for name, one in book["objects"].items() if any(word in words for word in one["folded"]))
    others = book["others"]
    motif = next(found, None) or book["categories"].get(category) or others[mark // 30 % len(others)]
    return Drawing(motif, mark // 6 % len(book["grounds"]), mark % len(book["palettes"]))


@lru_cache(maxsize=1024)
def svg_of(drawing: Drawing) -> bytes:
    """Return the drawing as an SVG file that needs nothing beside it."""
    book = _book()
    colours = book["palettes"][drawing.palette]
    marks = (
        '<path class="w" d="M0 0h240v300H0z"/>'
        + book["grounds"][drawing.ground]
        + '<path class="h" d="M0 244h240v56H0z"/><path class="o" d="M0 244h240v7H0z"/>'
        + '<ellipse class="o" cx="120" cy="250" rx="76" ry="7"/>'
        + book["objects"][drawing.motif]["marks"]
    )
    coloured = _CLASS.sub(lambda found: _colour(found[1], colours), marks)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 300">{coloured}</svg>'.encode()


def _colour(mark: str, colours: dict[str, str]) -> str:
    """Return the attributes of a mark: d dark, l light; g and o are their glow and shade, s and t lines."""
    if mark in ("s", "t"):
        return f'{_LINE}"{colours["d" if mark == "s" else "l"]}"'
    if mark == "g":
        return f'fill="{colours["l"]}" opacity=".6"'
    if mark == "o":
        return f'fill="{colours["d"]}" opacity=".16"'
    return f'fill="{colours[mark]}"'


@cache
def _book() -> dict[str, Any]:
    book: dict[str, Any] = orjson.loads(Path(__file__).with_name("drawings.json").read_bytes())
    for one in book["objects"].values():
        # A word counts from its beginning; a space that is written at its end is meant.
        one["folded"] = [f" {fold(word)}{' ' if word.endswith(' ') else ''}" for word in one["words"]]
    return book
