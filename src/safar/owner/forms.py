"""What an owner types about the shop, read and checked by the kind of each fact; problems by field."""

from collections.abc import Collection
from datetime import date

from safar.kernel.i18n import _
from safar.kernel.web.forms import Fields
from safar.owner.facts import FACTS, Fact, FactKind
from safar.owner.model import FactValue, Shop

_COUNTRY_LETTERS = 2


def changes_in(fields: Fields, names: Collection[str]) -> dict[str, FactValue]:
    """Return the value of each of these keys that was sent; one that is not there is left as it is."""
    sent = [fact for fact in FACTS if fact.name in names and fact.name in fields.values]
    return {fact.name: _value(fields, fact) for fact in sent}


def typed_of(shop: Shop) -> dict[str, str]:
    """Return the values as a form shows them, by fact."""
    shown = [fact for fact in FACTS if fact.kind not in (FactKind.SECRET, FactKind.HIDDEN)]
    values = {fact.name: getattr(shop, fact.name) for fact in shown}
    return {
        name: "\n".join(value) if isinstance(value, tuple) else str(value) for name, value in values.items()
    }


def _value(fields: Fields, fact: Fact) -> FactValue:
    match fact.kind:
        case FactKind.NUMBER:
            return fields.integer(fact.name, least=0, most=fact.most)
        case FactKind.CHOICE:
            return fields.choice(fact.name, fact.options)
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


def _country(fields: Fields, fact: Fact) -> str:
    code = fields.text(fact.name, length_max=fact.most, required=fact.required)
    if code and not (len(code) == _COUNTRY_LETTERS and code.isascii() and code.isalpha()):
        fields.problems[fact.name] = _("Two letters of the country, such as BR or IN.")
    return code.upper()
