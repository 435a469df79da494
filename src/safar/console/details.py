"""What an event says beyond its sentence: each thing that was changed, its old value and its new one."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from safar.customers.sentences import word
from safar.journal.model import Event
from safar.kernel.i18n import N_, _, money, number
from safar.kernel.text import shortened
from safar.owner.facts import BY_NAME

_SHOWN_MAX = 12
_CHARACTERS_MAX = 120
_ID = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}")
# Names of properties, as words; another one is shown as it is called.
_NAMES: Mapping[str, str] = {
    "what": N_("Changed"), "capacity": N_("Visitors at once"), "percent": N_("Per cent"),
    "per_minute": N_("Per minute"), "site": N_("Site"), "reason": N_("Reason"), "provider": N_("Way to pay"),
    "enabled": N_("Switched on"), "sku": N_("SKU"), "quantity": N_("Quantity"), "number": N_("Number"),
    "country": N_("Country"), "title": N_("Title"), "code": N_("Code"), "fields": N_("Fields"),
    "price": N_("Price"), "amount": N_("Amount"), "name": N_("Name"), "before": N_("Before"),
    "state": N_("State"), "note": N_("Note"), "mode": N_("State"), "role": N_("Role"),
}  # fmt: skip
# Nobody reads these: they tie events together.
_INNER = frozenset({"network", "request_id", "item", "hold", "position", "what"})


def audit_details(event: Event) -> list[str]:
    """Return what was changed, a line each: “Name: Old → New”."""
    properties = event.properties
    before, after = properties.get("before"), properties.get("after")
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        changed = list(after)[:_SHOWN_MAX]
        return [f"{_name(key)}: {_shown(before.get(key))} → {_shown(after[key])}" for key in changed]
    if event.name == "staff.role_changed":
        return []  # its sentence says all of it
    return _scalars(properties)


def _scalars(properties: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    old = f"{_shown(properties['before'])} → " if "before" in properties else ""
    for key, value in list(properties.items())[: 2 * _SHOWN_MAX]:
        if key == "before" or key in _INNER or key.endswith(("_id", "_ids", "currency")) or _is_id(value):
            continue
        if key.endswith("_minor") and isinstance(value, int) and "currency" in properties:
            lines.append(f"{_name(key.removesuffix('_minor'))}: {money(value, str(properties['currency']))}")
            continue
        lines.append(f"{_name(key)}: {'' if key == 'site' else old}{_shown(value)}")
        old = old if key == "site" else ""
    return lines[:_SHOWN_MAX]


def _is_id(value: object) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _name(key: str) -> str:
    if key in BY_NAME:
        return _(BY_NAME[key].label)
    return _(_NAMES[key]) if key in _NAMES else key.replace("_", " ").capitalize()


def _shown(value: object) -> str:
    match value:
        case None | "" | [] | ():
            return "–"
        case bool():
            return _("yes") if value else _("no")
        case int() | float():
            return number(value)
        case str():
            return shortened(word(value), _CHARACTERS_MAX)
        case Sequence():
            return shortened(", ".join(_shown(item) for item in value), _CHARACTERS_MAX)
        case Mapping():
            return shortened(
                ", ".join(f"{key} {_shown(item)}" for key, item in value.items()), _CHARACTERS_MAX
            )
    return shortened(str(value), _CHARACTERS_MAX)
