"""What a page of the owner's is about."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

PAGES_MAX = 60
GOODS_MAX = 48


class PagePlace(StrEnum):
    """Where a link to a page stands."""

    MENU = "menu"
    FOOT = "foot"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class OwnPage:
    """A page: titles and texts (Markdown) by language, and the SKUs of the goods below the text."""

    slug: str
    place: PagePlace
    position: int
    titles: Mapping[str, str]
    texts: Mapping[str, str]
    skus: list[str]
