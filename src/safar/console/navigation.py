"""The console's navigation: what is mounted, and what the role may open."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from safar.kernel.i18n import N_, _
from safar.kernel.web.actor import Actor


@dataclass(frozen=True, slots=True)
class NavigationEntry:
    """A room in the navigation; its label is translated when it is shown."""

    href: str
    label: str
    icon: str
    role: str = "agent"


@dataclass(frozen=True, slots=True)
class NavigationItem:
    """An entry as one page shows it."""

    href: str
    label: str
    icon: str
    active: bool


ENTRIES = (
    NavigationEntry("/", N_("Today"), "home"),
    NavigationEntry("/inbox", N_("Inbox"), "inbox"),
    NavigationEntry("/customers", N_("Customers"), "users"),
    NavigationEntry("/orders", N_("Orders"), "receipt"),
    NavigationEntry("/returns", N_("Returns"), "refresh"),
    NavigationEntry("/payments", N_("Payments"), "cash"),
    NavigationEntry("/stock", N_("Stock"), "box"),
    NavigationEntry("/catalogue", N_("Catalogue"), "tag"),
    NavigationEntry("/prices", N_("Prices"), "ticket", "manager"),
    NavigationEntry("/shop-front", N_("Shop front"), "building-store", "manager"),
    NavigationEntry("/campaigns", N_("Campaigns"), "speakerphone"),
    NavigationEntry("/gate", N_("Gate"), "hourglass", "manager"),
    NavigationEntry("/channels", N_("Channels"), "mail"),
    NavigationEntry("/journey", N_("Journey"), "route"),
    NavigationEntry("/settings", N_("Settings"), "settings", "owner"),
    NavigationEntry("/staff", N_("Staff"), "lock", "owner"),
    NavigationEntry("/audit", N_("Audit"), "list-check", "manager"),
    NavigationEntry("/running", N_("Running"), "activity", "manager"),
)


def mounted(routes: Iterable[BaseRoute]) -> tuple[NavigationEntry, ...]:
    """Return the entries whose pages exist."""
    paths = {route.path for route in routes if isinstance(route, Route)}
    return tuple(entry for entry in ENTRIES if entry.href in paths)


def navigation(
    request: Request, entries: Sequence[NavigationEntry], actor: Actor | None
) -> list[NavigationItem]:
    """Return what `actor` may open, with the room of this page marked."""
    if actor is None or getattr(request.state, "password_due", False):
        return []
    path = request.url.path
    return [
        NavigationItem(entry.href, _(entry.label), entry.icon, _inside(path, entry.href))
        for entry in entries
        if actor.may(entry.role)
    ]


def _inside(path: str, href: str) -> bool:
    return path == href if href == "/" else path == href or path.startswith(f"{href}/")
