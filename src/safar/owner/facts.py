"""Every fact that the shop's owner sets: the one list of them, with type, first value and label.

A fact more is a field of `Shop` and a row here; a test holds the two to each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from safar.kernel.i18n import LANGUAGES, N_
from safar.owner.colour import FIRST_COLOUR
from safar.owner.model import FactValue, Shop
from safar.settings import Settings


class FactKind(Enum):
    """How a value is typed: a line of text, lines of text, a whole number, one of some options.

    Several of some options are kept as a list. A secret is kept encrypted and never shown; what is hidden is
    noted by the console, not typed.
    """

    LINE = "line"
    LINES = "lines"
    EMAIL = "email"
    COUNTRY = "country"
    NUMBER = "number"
    CHOICE = "choice"
    SEVERAL = "several"
    COLOUR = "color"
    CURRENCY = "currency"
    ZONE = "zone"
    SECRET = "secret"  # noqa: S105 - the kind of a value, not a value
    HIDDEN = "hidden"


LISTS = (FactKind.LINES, FactKind.SEVERAL)


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact about the shop; `setting` is where its first value comes from, empty: it begins `built_in`.

    `most`: characters of a text, or the highest number. `label` and `hint` are for the form.
    `of_process`: until the shop says it, each process goes by its own setting.
    """

    name: str
    kind: FactKind
    label: str
    hint: str = ""
    setting: str = ""
    built_in: str = ""
    most: int = 200
    required: bool = False
    of_process: bool = False
    options: Mapping[str, str] = field(default_factory=dict)


FACTS: tuple[Fact, ...] = (
    Fact("name", FactKind.LINE, N_("Name of the shop"), setting="shop_name", most=100, required=True),
    Fact("address", FactKind.LINES, N_("Address"), setting="shop_address"),
    Fact(
        "country",
        FactKind.COUNTRY,
        N_("Country of the shop"),
        N_("Two letters, such as BR: for tax, delivery, dates and amounts."),
        setting="country",
        most=2,
        required=True,
    ),
    Fact("tax_id", FactKind.LINE, N_("Tax number"), N_("Printed on invoices."), setting="shop_tax_id"),
    Fact(
        "email",
        FactKind.EMAIL,
        N_("E-mail for customers"),
        N_("Leave empty for the sender address of the shop."),
    ),
    Fact("phone", FactKind.LINE, N_("Phone")),
    Fact(
        "opening_hours",
        FactKind.LINE,
        N_("Opening hours of your support"),
        N_("Such as “Mon-Fri 09:00-18:00, Sat 10:00-14:00”."),
        setting="opening_hours",
    ),
    Fact(
        "ship_days",
        FactKind.NUMBER,
        N_("Dispatch within (days)"),
        N_("From confirmation; customers are told."),
        setting="ship_days",
        most=365,
    ),
    Fact(
        "return_days",
        FactKind.NUMBER,
        N_("Returns accepted for (days)"),
        N_("From delivery."),
        setting="return_days",
        most=3650,
    ),
    Fact(
        "location_rule",
        FactKind.CHOICE,
        N_("Ship orders from"),
        setting="order_location_rule",
        options={
            "nearest": N_("The location nearest to the customer"),
            "fullest": N_("The location with the most stock"),
            "fewest_parcels": N_("The location that needs the fewest parcels"),
        },
    ),
    Fact(
        "holidays",
        FactKind.LINES,
        N_("Holidays"),
        N_("One day a line, such as “2026-12-25 Christmas”: nobody answers then."),
        most=2000,
    ),
    Fact(
        "mail_name", FactKind.LINE, N_("Sender name"), N_("Leave empty for the name of the shop."), most=100
    ),
    Fact(
        "mail_from",
        FactKind.EMAIL,
        N_("Sender address"),
        N_("Replies to it arrive in the inbox if its domain delivers mail here."),
    ),
    Fact(
        "mail_host",
        FactKind.LINE,
        N_("Mail server"),
        N_("Such as smtp.example.com. Leave empty for the server of the installation."),
    ),
    Fact("mail_port", FactKind.NUMBER, N_("Port"), built_in="587", most=65_535),
    Fact(
        "mail_security",
        FactKind.CHOICE,
        N_("Encryption"),
        built_in="starttls",
        options={
            "starttls": N_("STARTTLS (usually port 587)"),
            "tls": N_("TLS (usually port 465)"),
            "none": N_("None (only on your own network)"),
        },
    ),
    Fact("mail_user", FactKind.LINE, N_("User name")),
    Fact("mail_password", FactKind.SECRET, N_("Mail password"), N_("Leave empty to keep the current one.")),
    Fact("mail_tested", FactKind.HIDDEN, N_("Mail test passed with")),
    Fact(
        "colour",
        FactKind.COLOUR,
        N_("Colour of the shop"),
        N_("For buttons and links. Where it could not be read, a darker or lighter shade is used."),
        built_in=FIRST_COLOUR,
        most=7,
    ),
    Fact(
        "currency",
        FactKind.CURRENCY,
        N_("Currency"),
        N_("In which you enter prices. It is fixed with the first price, delivery cost or discount code."),
        setting="currency",
        most=3,
        required=True,
        of_process=True,
    ),
    Fact(
        "timezone",
        FactKind.ZONE,
        N_("Time zone"),
        N_("Days and times are those of this zone. It is fixed with the first order."),
        setting="timezone",
        required=True,
        of_process=True,
    ),
    Fact(
        "language",
        FactKind.CHOICE,
        N_("Main language"),
        N_("In which you enter product texts. It is fixed with the first product."),
        setting="language",
        options=LANGUAGES,
        of_process=True,
    ),
    Fact("logo", FactKind.HIDDEN, N_("Logo")),
    Fact("icon", FactKind.HIDDEN, N_("Icon")),
    Fact(
        "languages",
        FactKind.SEVERAL,
        N_("Languages of the shop"),
        N_("Customers choose among these; your team can use all of them."),
        built_in="|".join(LANGUAGES),
        required=True,
        options=LANGUAGES,
    ),
)
BY_NAME: Mapping[str, Fact] = {fact.name: fact for fact in FACTS}

OF_PROCESS = tuple(fact.name for fact in FACTS if fact.of_process)


def shop_from(stored: Mapping[str, object]) -> Shop:
    """Return the shop as the database keeps it; a fact that it does not have yet has its built-in value."""
    values = {fact.name: _read(fact, stored[fact.name]) for fact in FACTS if fact.name in stored}
    return Shop(**{**_BUILT_IN, **values})  # type: ignore[arg-type]  # a test holds the types to the kinds


def first_values(settings: Settings) -> dict[str, FactValue]:
    """Return what the environment says of the shop: the values that it begins with."""
    return {
        fact.name: _first(fact, getattr(settings, fact.setting) if fact.setting else fact.built_in)
        for fact in FACTS
    }


def _first(fact: Fact, value: object) -> FactValue:
    if fact.kind is FactKind.NUMBER:
        return int(str(value))
    if fact.kind in LISTS:
        return tuple(part.strip() for part in str(value).split("|") if part.strip())
    return str(value)


def _read(fact: Fact, value: object) -> FactValue:
    if fact.kind in LISTS and isinstance(value, list | tuple):
        return tuple(str(line) for line in value)
    return _first(fact, value)


def _built_in(fact: Fact) -> FactValue:
    if fact.of_process:
        return ""
    return _first(fact, Settings.model_fields[fact.setting].default if fact.setting else fact.built_in)


_BUILT_IN: Mapping[str, FactValue] = {fact.name: _built_in(fact) for fact in FACTS}
