"""Every fact that the shop's owner sets: the one list of them, with type, first value and label.

A fact more is a field of `Shop` and a row here; a test holds the two to each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from safar.kernel.i18n import N_
from safar.owner.model import FactValue, Shop
from safar.settings import Settings


class FactKind(Enum):
    """How a value is typed: a line of text, lines of text, a whole number, one of some options."""

    LINE = "line"
    LINES = "lines"
    EMAIL = "email"
    COUNTRY = "country"
    NUMBER = "number"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact about the shop; `setting` is where its first value comes from, empty: it begins empty.

    `most`: characters of a text, or the highest number. `label` and `hint` are for the form.
    """

    name: str
    kind: FactKind
    label: str
    hint: str = ""
    setting: str = ""
    most: int = 200
    required: bool = False
    options: Mapping[str, str] = field(default_factory=dict)


FACTS: tuple[Fact, ...] = (
    Fact("name", FactKind.LINE, N_("Name of the shop"), setting="shop_name", most=100, required=True),
    Fact("address", FactKind.LINES, N_("Address"), setting="shop_address"),
    Fact(
        "country",
        FactKind.COUNTRY,
        N_("Country of most customers"),
        N_("Two letters, such as BR: for tax and delivery."),
        setting="country",
        most=2,
        required=True,
    ),
    Fact("tax_id", FactKind.LINE, N_("Tax number"), N_("It stands on invoices."), setting="shop_tax_id"),
    Fact("email", FactKind.EMAIL, N_("E-mail for customers"), N_("Empty: the sender address of the shop.")),
    Fact("phone", FactKind.LINE, N_("Phone")),
    Fact(
        "opening_hours",
        FactKind.LINE,
        N_("When people answer"),
        N_("Such as “Mon-Fri 09:00-18:00, Sat 10:00-14:00”."),
        setting="opening_hours",
    ),
    Fact(
        "ship_days",
        FactKind.NUMBER,
        N_("Days until an order leaves"),
        N_("Counted from its confirmation; the customer is told."),
        setting="ship_days",
        most=365,
    ),
    Fact(
        "return_days",
        FactKind.NUMBER,
        N_("Days in which something can be returned"),
        N_("Counted from the delivery."),
        setting="return_days",
        most=3650,
    ),
    Fact(
        "location_rule",
        FactKind.CHOICE,
        N_("Where orders leave from"),
        setting="order_location_rule",
        options={
            "nearest": N_("The customer’s country first"),
            "fullest": N_("The fullest shelf first"),
            "fewest_parcels": N_("In the fewest parcels"),
        },
    ),
)
BY_NAME: Mapping[str, Fact] = {fact.name: fact for fact in FACTS}


def shop_from(stored: Mapping[str, object]) -> Shop:
    """Return the shop as the database keeps it; a fact that it does not have yet has its built-in value."""
    values = {fact.name: _read(fact, stored[fact.name]) for fact in FACTS if fact.name in stored}
    return Shop(**{**_BUILT_IN, **values})  # type: ignore[arg-type]  # a test holds the types to the kinds


def first_values(settings: Settings) -> dict[str, FactValue]:
    """Return what the environment says of the shop: the values that it begins with."""
    return {
        fact.name: _first(fact, getattr(settings, fact.setting) if fact.setting else "") for fact in FACTS
    }


def _first(fact: Fact, value: object) -> FactValue:
    if fact.kind is FactKind.NUMBER:
        return int(str(value))
    if fact.kind is FactKind.LINES:
        return tuple(part.strip() for part in str(value).split("|") if part.strip())
    return str(value)


def _read(fact: Fact, value: object) -> FactValue:
    if fact.kind is FactKind.LINES and isinstance(value, list | tuple):
        return tuple(str(line) for line in value)
    return _first(fact, value)


def _built_in(fact: Fact) -> FactValue:
    return _first(fact, Settings.model_fields[fact.setting].default if fact.setting else "")


_BUILT_IN: Mapping[str, FactValue] = {fact.name: _built_in(fact) for fact in FACTS}
