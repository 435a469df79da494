"""What a manager fills in for each way to pay, and how it is checked."""

import re
from collections.abc import Callable

from babel.numbers import is_currency
from phonenumbers import SUPPORTED_REGIONS
from stdnum.exceptions import ValidationError

from safar.kernel.i18n import _
from safar.kernel.web.forms import Fields
from safar.payments.providers.kind import Input
from safar.payments.providers.port import Configured
from safar.payments.registry import KINDS

_LIST_MAX = 40


def read_way(fields: Fields, provider: str, before: Configured | None) -> Configured:
    """Return what was filled in; a secret that is left empty stays as it is. Problems stay in `fields`."""
    details: dict[str, str] = {}
    secrets = dict(before.secrets) if before else {}
    for field in KINDS[provider].inputs:
        known = field.secret and field.name in secrets
        text = fields.text(field.name, length_max=field.length_max, required=field.required and not known)
        value = _checked(fields, field, text)
        if field.secret and value:
            secrets[field.name] = value
        elif not field.secret and value:
            details[field.name] = value
    KINDS[provider].check(fields, details, secrets)
    return Configured(
        provider,
        "enabled" in fields.values,
        _codes(fields, "currencies", lambda code: bool(is_currency(code))),
        _codes(fields, "countries", lambda code: code in SUPPORTED_REGIONS),
        details,
        secrets,
    )


def _checked(fields: Fields, field: Input, text: str) -> str:
    if not text or field.name in fields.problems or field.check is None:
        return text
    try:
        return field.check(text)
    except (ValueError, ValidationError):
        fields.problems[field.name] = _(field.wrong)
        return ""


def _codes(fields: Fields, name: str, known: Callable[[str], bool]) -> tuple[str, ...]:
    text = fields.text(name, length_max=300, required=False).upper()
    codes = tuple(dict.fromkeys(re.findall(r"[^\s,;]+", text)))
    wrong = [code for code in codes if not known(code)]
    if wrong or len(codes) > _LIST_MAX:
        fields.problems.setdefault(name, _("We do not know %(code)s.", code=(wrong or codes)[0][:20]))
    return codes
