"""The template language of campaigns: Liquid, in which no piece of work is larger than a letter needs.

The library bounds loops, output and what is assigned; what it leaves open is how much one filter can do. So
only the filters that letters are written with are there, and each refuses to begin with, or to make, more
than a letter holds. A template reads no files.
"""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any

from liquid import DictLoader, Environment, StrictUndefined
from liquid.exceptions import FilterError
from liquid.template import BoundTemplate

TEXT_MAX = 20_000
_ITEMS_MAX = 1_000
_NUMBER_MAX = 10**15
_REPLACED_MAX = 1_000_000
_FILTERS = frozenset({
    "abs", "append", "at_least", "at_most", "capitalize", "ceil", "date", "default", "divided_by", "downcase",
    "escape", "first", "floor", "join", "last", "lstrip", "minus", "modulo", "plus", "prepend", "remove",
    "remove_first", "replace", "replace_first", "reverse", "round", "rstrip", "size", "slice", "split",
    "strip", "strip_newlines", "times", "truncate", "truncatewords", "uniq", "upcase",
})  # fmt: skip


class _Environment(Environment):
    """A template may print what it is given and little more."""

    loop_iteration_limit = 1_000
    output_stream_limit = 50_000
    context_depth_limit = 10
    local_namespace_limit = 10_000

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        """Keep the filters of letters, each within its bounds."""
        super().setup_tags_and_filters(extra=extra)
        self.filters = {name: _bounded(name, self.filters[name]) for name in sorted(_FILTERS)}


class LocalNumber(int):
    """A number that prints as its language writes it and calculates as what it is."""

    def __new__(cls, value: int, text: str) -> "LocalNumber":
        made = super().__new__(cls, value)
        made.text = text
        return made

    text: str

    def __str__(self) -> str:
        return self.text


@lru_cache(maxsize=256)
def compiled(source: str) -> BoundTemplate:
    """Return a template. Raises LiquidError when it cannot be read."""
    return _ENVIRONMENT.from_string(source)


def _bounded(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def within(*values: Any, **more: Any) -> Any:
        for value in (*values, *more.values()):
            _check(name, value)
        if name == "replace" and len(values) > 2:
            text, old, new = (str(value) for value in values[:3])
            if (text.count(old) + 1) * len(new) > _REPLACED_MAX:
                raise FilterError(f"{name}: the text would be too long", token=None)
        result = function(*values, **more)
        _check(name, result)
        return result

    return within


def _check(name: str, value: Any) -> None:
    if isinstance(value, str) and len(value) > TEXT_MAX:
        raise FilterError(f"{name}: the text is too long", token=None)
    if isinstance(value, list | tuple | range | dict) and len(value) > _ITEMS_MAX:
        raise FilterError(f"{name}: the list is too long", token=None)
    if isinstance(value, int | float) and not -_NUMBER_MAX <= value <= _NUMBER_MAX:
        raise FilterError(f"{name}: the number is too large", token=None)


_ENVIRONMENT = _Environment(loader=DictLoader({}), undefined=StrictUndefined)
