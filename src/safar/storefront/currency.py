"""In which currency a visitor sees prices: as they chose, kept in a cookie."""

from starlette.requests import Request

from safar.kernel.web.pages import context_of

COOKIE = "currency"


def currency_of(request: Request) -> str:
    """Return the currency in which this visitor sees prices; the shop's own when they chose none."""
    chosen = getattr(request.state, "currency", None)
    return chosen if isinstance(chosen, str) else context_of(request).settings.currency


def choose_currency(
    offered: tuple[str, ...], own: str, asked: str, remembered: str | None
) -> tuple[str, bool]:
    """Return the currency for a request, and whether it was chosen just now, to be remembered."""
    if asked in offered:
        return asked, True
    return (remembered if remembered in offered else own), False
