"""Reading what people and programs send: form or JSON, as strings, with limits; problems by field."""

import re
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request

from safar.kernel.errors import BadRequest, InvalidInput
from safar.kernel.i18n import _
from safar.kernel.i18n import number as written
from safar.kernel.money import NotAnAmount, TooFine, TwoReadings, read_amount
from safar.kernel.text import ascii_digits

_EMAIL = re.compile(r"[^@\s<>\"(),;:]{1,64}@[^@\s<>\"(),;:.]+(\.[^@\s<>\"(),;:.]+)+")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_FIELDS_MAX = 200


async def read_json(request: Request) -> dict[str, Any]:
    """Return the JSON object of the body. Raises BadRequest when it is anything else."""
    try:
        body = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        raise BadRequest from None
    if not isinstance(body, dict):
        raise BadRequest
    return body


async def read_fields(request: Request) -> "Fields":
    """Return the body's fields, from a form or from a JSON object."""
    if "application/json" in request.headers.get("content-type", ""):
        body = await read_json(request)
        return Fields({key: str(value) for key, value in body.items() if value is not None})
    form = await request.form(max_fields=_FIELDS_MAX, max_files=0)
    return Fields({key: value for key, value in form.items() if isinstance(value, str)})


def amount_problem(wrong: NotAnAmount, text: str, currency: str) -> str:
    """Return why `text` is no amount, and how it can be written."""
    if isinstance(wrong, TwoReadings):
        thousands, decimals = wrong.ways
        return _(
            "“%(text)s” can be read in two ways. Write %(thousands)s or %(decimals)s.",
            text=text, thousands=thousands, decimals=decimals,
        )  # fmt: skip
    if isinstance(wrong, TooFine):
        return _("“%(text)s” has more decimals than %(currency)s has.", text=text, currency=currency)
    return _("An amount such as 4.95, not below zero.")


class Fields:
    """Named texts that are read with a check each; `done()` raises what was wrong, all at once."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values
        self.problems: dict[str, str] = {}

    def text(self, name: str, *, length_max: int = 200, required: bool = True) -> str:
        """Return the trimmed text of `name`; control characters are a problem, not dropped in silence."""
        value = self.values.get(name, "").strip()
        if required and not value:
            self.problems[name] = _("This is needed.")
        elif len(value) > length_max:
            self.problems[name] = _("At most %(count)s characters.", count=length_max)
        elif _CONTROL.search(value):
            self.problems[name] = _("This has characters that cannot be used.")
        return value

    def integer(self, name: str, *, least: int, most: int) -> int:
        """Return a whole number, written in the digits of any script."""
        value = ascii_digits(self.values.get(name, "")).strip()
        number = int(value) if _INTEGER.fullmatch(value) else None
        if number is None or not least <= number <= most:
            self.problems[name] = _(
                "A whole number from %(least)s to %(most)s.",
                least=written(least),
                most=written(most),
            )
            return least
        return number

    def amount(self, name: str, currency: str, *, required: bool = True, least: int = 0) -> int | None:
        """Return an amount of money in minor units; None when it is empty or a problem."""
        text = self.text(name, length_max=40, required=required)
        if not text or name in self.problems:
            return None
        try:
            minor = read_amount(text, currency)
        except NotAnAmount as wrong:
            self.problems[name] = amount_problem(wrong, text, currency)
            return None
        if minor < least:
            self.problems[name] = _("This must be more than nothing.")
            return None
        return minor

    def email(self, name: str, *, required: bool = True) -> str:
        """Return an e-mail address in lower case."""
        value = self.text(name, length_max=254, required=required).lower()
        if value and name not in self.problems and not _EMAIL.fullmatch(value):
            self.problems[name] = _("This is not an e-mail address, such as name@example.com.")
        return value

    def choice(self, name: str, options: Mapping[str, object] | frozenset[str] | set[str]) -> str:
        value = self.values.get(name, "")
        if value not in options:
            self.problems[name] = _("Choose one of the options.")
        return value

    def done(self) -> None:
        """Raise InvalidInput with every problem found."""
        if self.problems:
            raise InvalidInput(**self.problems)
