"""What a visitor looks for, read from an address and written back into one."""

from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from safar.kernel.i18n import N_
from safar.kernel.money import NotAnAmount, plain_amount, read_amount
from safar.kernel.text import whole_number
from safar.storefront.model import ProductSearch, Sort

PAGES_MAX = 500
QUERY_MAX = 100
_OPTION = "o."
_OPTIONS_MAX = 12
_OPTION_CHARACTERS_MAX = 60

SORTS = {
    Sort.BEST: N_("Best match"), Sort.POPULAR: N_("Popular"), Sort.NEW: N_("Newest"),
    Sort.CHEAP: N_("Price: low to high"), Sort.DEAR: N_("Price: high to low"), Sort.NAME: N_("Name"),
}  # fmt: skip


def wanted_of(params: QueryParams, *, currency: str, category: str | None = None) -> ProductSearch:
    """Return what an address asks for; what it has that cannot be is left out, never an error."""
    query = "".join(filter(str.isprintable, params.get("q", ""))).strip()[:QUERY_MAX]
    usual = Sort.BEST if query else Sort.POPULAR
    sort = params.get("sort", usual)
    known = sort in SORTS and (query or sort != Sort.BEST)
    return ProductSearch(
        currency=currency,
        query=query,
        category=category,
        sort=Sort(sort) if known else usual,
        least_minor=_minor(params.get("min", ""), currency),
        most_minor=_minor(params.get("max", ""), currency),
        in_stock=params.get("stock") == "1",
        reduced=params.get("reduced") == "1",
        options=_options(params.multi_items()),
        page=_page(params.get("page", "1")),
    )


def address(wanted: ProductSearch) -> str:
    """Return the query part of the address that asks for this, "" when nothing is asked."""
    pairs = pairs_of(wanted)
    return f"?{urlencode(pairs)}" if pairs else ""


def pairs_of(wanted: ProductSearch) -> list[tuple[str, str]]:
    """Return the parameters of the address that asks for this, without those that go without saying."""
    pairs: list[tuple[str, str]] = [("q", wanted.query)] if wanted.query else []
    usual = Sort.BEST if wanted.query else Sort.POPULAR
    pairs += [("sort", wanted.sort)] if wanted.sort != usual else []
    pairs += [
        (name, plain_price(minor, wanted.currency))
        for name, minor in (("min", wanted.least_minor), ("max", wanted.most_minor))
        if minor is not None
    ]
    pairs += [("stock", "1")] if wanted.in_stock else []
    pairs += [("reduced", "1")] if wanted.reduced else []
    pairs += [(f"{_OPTION}{name}", value) for name, values in wanted.options for value in values]
    return pairs + ([("page", str(wanted.page))] if wanted.page > 1 else [])


def without_option(wanted: ProductSearch, name: str, value: str) -> ProductSearch:
    """Return the same, with one value of an option no longer asked for."""
    left = ((key, tuple(v for v in values if (key, v) != (name, value))) for key, values in wanted.options)
    return replace(wanted, options=tuple((key, values) for key, values in left if values), page=1)


def plain_price(minor: int | None, currency: str) -> str:
    """Return an amount as somebody types it: "12.5"; "" for None."""
    if minor is None:
        return ""
    text = plain_amount(minor, currency)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _minor(text: str, currency: str) -> int | None:
    try:
        return read_amount(text, currency)
    except NotAnAmount:
        return None


def _options(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    chosen: dict[str, list[str]] = {}
    for key, value in list(pairs)[: 4 * _OPTIONS_MAX]:
        name = key.removeprefix(_OPTION)
        fits = name != key and name and value and max(len(name), len(value)) <= _OPTION_CHARACTERS_MAX
        if fits and (name + value).isprintable() and sum(map(len, chosen.values())) < _OPTIONS_MAX:
            values = chosen.setdefault(name, [])
            values += [value] if value not in values else []
    return tuple((name, tuple(values)) for name, values in chosen.items())


def _page(text: str) -> int:
    return min(max(whole_number(text, digits_max=4) or 1, 1), PAGES_MAX)
