"""What is registered of a provider: what its way to pay is called, what it needs, and what it can do."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.routing import BaseRoute

from safar.kernel.context import Context
from safar.kernel.i18n import N_
from safar.kernel.money import Money
from safar.kernel.web.forms import Fields
from safar.payments.providers.port import Configured, NoticeTaker, Provider
from safar.settings import Settings

if TYPE_CHECKING:
    import segno

DeskOf = Callable[[Request], NoticeTaker]


@dataclass(frozen=True, slots=True)
class Input:
    """One field: `check` returns the value as it is kept, or raises ValueError (and then `wrong` is told)."""

    name: str
    label: str
    hint: str | None = None
    required: bool = False
    secret: bool = False
    check: Callable[[str], str] | None = None
    wrong: str = N_("This is not written as it should be.")
    length_max: int = 200


@dataclass(frozen=True, slots=True)
class Means:
    """How a customer pays what is missing: a text to copy into an app, a link to follow, a code to scan."""

    code: str | None = None
    link: str | None = None
    qr: "segno.QRCode | None" = None


@dataclass(frozen=True, slots=True)
class Notices:
    """How a provider tells of its own accord.

    `routes`: the doors it comes to, all below /pay/notices/. `path` of the one that managers give it, None
    while there is none yet. `events`: what it is to tell.
    """

    routes: Callable[[DeskOf], Sequence[BaseRoute]]
    path: Callable[[Configured], str | None]
    events: tuple[str, ...] = ()


def _nothing(_fields: Fields, _details: dict[str, str], _secrets: dict[str, str]) -> None:
    return


@dataclass(frozen=True, slots=True)
class ProviderKind:
    """A provider as it is registered.

    `make` returns it as its way is set up; `always`: also where nobody has set it up. `needs` (and
    `needs_secret`): the inputs that it cannot do without; `complete` asks for what is more than that.
    `check` is asked by the form of its way: it notes problems, and may add to what is kept. `only`: its one
    currency. `has_page`: the customer pays on a page of the provider's. `slow`: the money
    takes days. `methods`: (value, label) of what can
    be chosen within it. `total_most`: the highest total in the shop's currency, whole, "" for any;
    `total_step`: what totals in a currency have to be multiples of, in minor units. `means`: from what was
    kept of a charge and the amount that is missing. `hold_minutes`: how long units are kept for a payment,
    `hold_minutes_unproven` until a mail to the customer came back. `refused`: the installation does not let
    it confirm orders; `pretended`: it brings no money. `ping` asks for something harmless and returns what is
    wrong, None when nothing is.
    """

    name: str
    label: str
    hint: str
    make: Callable[[Context, Configured], Provider]
    inputs: tuple[Input, ...] = ()
    needs: tuple[str, ...] = ()
    needs_secret: tuple[str, ...] = ()
    complete: Callable[[Configured], bool] = lambda _way: True
    check: Callable[[Fields, dict[str, str], dict[str, str]], None] = _nothing
    only: str | None = None
    always: bool = False
    has_page: bool = False
    slow: bool = False
    methods: Mapping[str, str] = field(default_factory=dict)
    total_most: Callable[[Configured], str] = lambda _way: ""
    total_step: Callable[[str], int] = lambda _currency: 1
    means: Callable[[Mapping[str, Any], Money], Means] = lambda _data, _missing: Means()
    hold_minutes: Callable[[Settings], float] = lambda settings: settings.hold_minutes
    hold_minutes_unproven: Callable[[Settings], float] | None = None
    refused: Callable[[Settings], bool] = lambda _settings: False
    pretended: Callable[[Configured], bool] = lambda _way: False
    notices: Notices | None = None
    ping: Callable[[Context, Configured], Awaitable[str | None]] | None = None

    def usable(self, way: Configured) -> bool:
        """Tell whether everything is there that this way cannot do without."""
        return (
            self.complete(way)
            and all(way.details.get(name) for name in self.needs)
            and all(way.secrets.get(name) for name in self.needs_secret)
        )


def matching_pattern(pattern: re.Pattern[str]) -> Callable[[str], str]:
    """Return a check that takes what matches the pattern whole."""

    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError
        return text

    return check
