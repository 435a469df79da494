"""Variants as the shop front looks at them."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Piece:
    sku: str
    options: Mapping[str, str]
