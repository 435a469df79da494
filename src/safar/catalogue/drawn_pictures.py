"""The picture of a product without a photograph: what it is, drawn, or else the first letter of its title.

A drawing says what the goods are, so only a title that names such a thing gets one: a mug cosy is no mug.
"""

import re
import zlib
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import orjson

from safar.kernel.text import fold

_CLASS = re.compile(r'class="(\w)"')
_LINE = 'fill="none" stroke-width="5" stroke-linecap="round" stroke-linejoin="round" stroke='


@dataclass(frozen=True, slots=True)
class Drawing:
    """Which object (or which letter) stands before which ground, in which colouring."""

    motif: str | None
    letter: str
    ground: int
    palette: int


def motif_of(title: str) -> str | None:
    """Return the object that a title names: by its last word in English and Hindi, its first elsewhere."""
    words = fold(title).split()
    if not words:
        return None
    return _named()["last"].get(words[-1]) or _named()["first"].get(words[0])


def drawing_of(slug: str, title: str) -> Drawing:
    """Return the drawing of a product, always the same one."""
    book = _book()
    mark = zlib.crc32(slug.encode())
    letter = next((character for character in title if character.isalpha()), "")
    ground, palette = mark // 6 % len(book["grounds"]), mark % len(book["palettes"])
    return Drawing(motif_of(title), letter.upper(), ground, palette)


@lru_cache(maxsize=1024)
def svg_of(drawing: Drawing) -> bytes:
    """Return the drawing as an SVG file that needs nothing beside it."""
    book = _book()
    colours = book["palettes"][drawing.palette]
    marks = '<path class="w" d="M0 0h240v300H0z"/>'
    if drawing.motif is None:
        marks += (
            '<path class="k" d="M0 0h240v300H0z" opacity=".45"/>'
            f'<text x="120" y="184" text-anchor="middle" font-family="Georgia,serif" font-size="112" fill="'
            f'{colours["d"]}" opacity=".55">{escape(drawing.letter)}</text>'
        )
    else:
        marks += (
            book["grounds"][drawing.ground]
            + '<path class="h" d="M0 244h240v56H0z"/><path class="o" d="M0 244h240v7H0z"/>'
            + '<ellipse class="o" cx="120" cy="250" rx="76" ry="7"/>'
            + book["objects"][drawing.motif]["marks"]
        )
    coloured = _CLASS.sub(lambda match: _colour(match[1], colours), marks)
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
    return book


@cache
def _named() -> dict[str, dict[str, str]]:
    """Return objects by the words that name them, folded: at the end of a title, at its beginning."""
    return {
        place: {
            fold(word): name for name, drawn in _book()["objects"].items() for word in drawn.get(place, ())
        }
        for place in ("last", "first")
    }
