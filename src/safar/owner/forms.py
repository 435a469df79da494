"""What an owner types about the shop, read and checked by the kind of each fact; problems by field."""

from collections.abc import Collection
from datetime import date

from safar.kernel.i18n import _, currencies_in_use
from safar.kernel.web.forms import Fields
from safar.owner.colour import is_colour
from safar.owner.facts import FACTS, Fact, FactKind
from safar.owner.model import FactValue, Shop
from safar.settings import zone_names

_COUNTRY_LETTERS = 2
_OPTIONS = {FactKind.CURRENCY: currencies_in_use, FactKind.ZONE: zone_names}


def changes_in(fields: Fields, names: Collection[str]) -> dict[str, FactValue]:
    """Return the value of each of these keys that was sent; one that is not there is left as it is."""
    sent = [fact for fact in FACTS if fact.name in names and fact.name in fields.values]
    return {fact.name: _value(fields, fact) for fact in sent}


def typed_of(shop: Shop) -> dict[str, str]:
    """Return the values as a form shows them, by fact."""
    shown = [fact for fact in FACTS if fact.kind not in (FactKind.SECRET, FactKind.HIDDEN)]
    values = {fact.name: getattr(shop, fact.name) for fact in shown}
    typed = {
        name: "\n".join(value) if isinstance(value, tuple) else str(value) for name, value in values.items()
    }
    several = [fact for fact in shown if fact.kind is FactKind.SEVERAL]
    return typed | {f"{fact.name}:{one}": "on" for fact in several for one in getattr(shop, fact.name)}


def _value(fields: Fields, fact: Fact) -> FactValue:
    match fact.kind:
        case FactKind.NUMBER:
            return fields.integer(fact.name, least=0, most=fact.most)
        case FactKind.CHOICE | FactKind.CURRENCY | FactKind.ZONE:
            return fields.choice(
                fact.name, frozenset(_OPTIONS[fact.kind]() if fact.kind in _OPTIONS else fact.options)
            )
        case FactKind.EMAIL:
            return fields.email(fact.name, required=fact.required)
        case FactKind.LINES:
            text = fields.text(fact.name, length_max=fact.most, required=fact.required)
            lines = tuple(line.strip() for line in text.splitlines() if line.strip())
            if fact.name == "holidays":
                _check_days(fields, fact, lines)
            return lines
        case FactKind.COUNTRY:
            return _country(fields, fact)
        case FactKind.SEVERAL:
            return _several(fields, fact)
        case FactKind.COLOUR:
            return _colour(fields, fact)
        case FactKind.LINE | FactKind.SECRET | FactKind.HIDDEN:
            return fields.text(fact.name, length_max=fact.most, required=fact.required)


def _check_days(fields: Fields, fact: Fact, lines: tuple[str, ...]) -> None:
    for line in lines:
        try:
            date.fromisoformat(line.split()[0])
        except ValueError:
            fields.problems[fact.name] = _(
                "“%(line)s” does not begin with a day such as 2026-12-25.", line=line
            )
            return


def _several(fields: Fields, fact: Fact) -> tuple[str, ...]:
    chosen = tuple(one for one in fact.options if fields.ticked(f"{fact.name}:{one}"))
    if not chosen and fact.required:
        fields.problems[fact.name] = _("Choose at least one.")
    return chosen


def _colour(fields: Fields, fact: Fact) -> str:
    colour = fields.text(fact.name, length_max=fact.most).lower()
    if fact.name not in fields.problems and not is_colour(colour):
        fields.problems[fact.name] = _("A colour such as %(colour)s.", colour=fact.built_in)
    return colour


def _country(fields: Fields, fact: Fact) -> str:
    code = fields.text(fact.name, length_max=fact.most, required=fact.required)
    if code and not (len(code) == _COUNTRY_LETTERS and code.isascii() and code.isalpha()):
        fields.problems[fact.name] = _("Two letters of the country, such as BR or IN.")
    return code.upper()
