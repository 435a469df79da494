"""The console's navigation: what is mounted, and what the role may open."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from safar.kernel.i18n import N_, _
from safar.kernel.web.actor import Actor


@dataclass(frozen=True, slots=True)
class Entry:
    """A room in the navigation; its label is translated when it is shown."""

    href: str
    label: str
    icon: str
    role: str = "agent"


@dataclass(frozen=True, slots=True)
class Item:
    """An entry as one page shows it."""

    href: str
    label: str
    icon: str
    active: bool


ENTRIES = (
    Entry("/", N_("Today"), "home"),
    Entry("/inbox", N_("Inbox"), "inbox"),
    Entry("/customers", N_("Customers"), "users"),
    Entry("/orders", N_("Orders"), "receipt"),
    Entry("/returns", N_("Returns"), "refresh"),
    Entry("/payments", N_("Payments"), "cash"),
    Entry("/stock", N_("Stock"), "box"),
    Entry("/catalogue", N_("Catalogue"), "tag"),
    Entry("/prices", N_("Prices"), "ticket", "manager"),
    Entry("/shop-front", N_("Shop front"), "building-store", "manager"),
    Entry("/campaigns", N_("Campaigns"), "speakerphone"),
    Entry("/gate", N_("Gate"), "hourglass", "manager"),
    Entry("/channels", N_("Channels"), "mail"),
    Entry("/journey", N_("Journey"), "route"),
    Entry("/staff", N_("Staff"), "lock", "owner"),
    Entry("/audit", N_("Audit"), "list-check", "manager"),
    Entry("/running", N_("Running"), "activity", "manager"),
)


def mounted(routes: Iterable[BaseRoute]) -> tuple[Entry, ...]:
    """Return the entries whose pages exist."""
    paths = {route.path for route in routes if isinstance(route, Route)}
    return tuple(entry for entry in ENTRIES if entry.href in paths)


def navigation(request: Request, entries: Sequence[Entry], actor: Actor | None) -> list[Item]:
    """Return what `actor` may open, with the room of this page marked."""
    if actor is None or getattr(request.state, "password_due", False):
        return []
    path = request.url.path
    return [
        Item(entry.href, _(entry.label), entry.icon, _inside(path, entry.href))
        for entry in entries
        if actor.may(entry.role)
    ]


def _inside(path: str, href: str) -> bool:
    return path == href if href == "/" else path == href or path.startswith(f"{href}/")
