"""The shop's logo and icon: kept beside its other data, named by what they show, given out to everybody."""

import re
from dataclasses import dataclass

from safar.kernel import clock
from safar.kernel.database import Connection, execute, row
from safar.owner.colour import FIRST_COLOUR
from safar.owner.model import Shop
from safar.owner.reading import QUERIES

MARK = re.compile(r"[0-9a-f]{32}-[0-9]{1,4}x[0-9]{1,4}")


@dataclass(frozen=True, slots=True)
class Mark:
    """A picture as PNG; `name` is its digest and its size: `0123…-240x96`."""

    name: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Brand:
    """What a page shows of the shop's brand, as paths; "" where the shop has none of its own."""

    logo: str
    logo_size: tuple[int, int]
    icon: str
    colours: str


def brand_of(shop: Shop) -> Brand:
    """Return the brand of a shop."""
    colours = "" if shop.colour == FIRST_COLOUR else f"/brand/{shop.colour.removeprefix('#')}.css"
    size = mark_size(shop.logo) if shop.logo else (0, 0)
    return Brand(mark_path(shop.logo), size, mark_path(shop.icon), colours)


def mark_path(name: str) -> str:
    """Return where the front gives a mark out; "" for none."""
    return f"/brand/{name}.png" if name else ""


def mark_size(name: str) -> tuple[int, int]:
    """Return the width and the height of a mark in pixels."""
    width, _x, height = name.partition("-")[2].partition("x")
    return int(width), int(height)


async def keep_mark(connection: Connection, mark: Mark) -> None:
    """Keep a picture; one that is kept already stays as it is."""
    await execute(
        connection, QUERIES["keep_mark"], {"name": mark.name, "body": mark.body, "now": clock.now()}
    )


async def mark_named(connection: Connection, name: str) -> Mark | None:
    """Return a picture that was kept. Old ones stay: mails that were sent show them."""
    return await row(Mark, connection, QUERIES["mark"], {"name": name})
