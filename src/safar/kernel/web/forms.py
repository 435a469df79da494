"""Reading what people and programs send: form or JSON, as strings, with limits; problems by field."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from starlette.requests import Request

from safar.kernel.errors import BadRequest, InvalidInput
from safar.kernel.i18n import _
from safar.kernel.i18n import number as written
from safar.kernel.ids import new_id
from safar.kernel.money import NotAnAmount, TooFine, TwoReadings, read_amount, read_number
from safar.kernel.text import ascii_digits

_EMAIL = re.compile(r"[^@\s<>\"(),;:]{1,64}@[^@\s<>\"(),;:.]+(\.[^@\s<>\"(),;:.]+)+")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_FIELDS_MAX = 200
_YEARS = range(2000, 2201)
UNITS_MAX = 1_000_000


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
            text=text,
            thousands=thousands,
            decimals=decimals,
        )
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

    def optional_integer(self, name: str, *, least: int, most: int) -> int | None:
        """Return a whole number as `integer` does, or None for an empty field."""
        return self.integer(name, least=least, most=most) if self.values.get(name, "").strip() else None

    def number(
        self,
        name: str,
        *,
        least: int | Decimal = 0,
        most: int,
        places: int,
        wrong: str,
        required: bool = True,
        signs: str = "",
    ) -> Decimal | None:
        """Return a number with at most so many decimals; None when it is empty or a problem: `wrong`, then.

        How it can be written says `money.read_number`; below zero, behind a minus sign, where `least` is.
        One of the `signs` may follow it.
        """
        text = self.text(name, length_max=40, required=required)
        text = text[:-1].strip() if text and text[-1] in signs else text
        if not text or name in self.problems:
            return None
        below = least < 0 and text[0] in "-\N{MINUS SIGN}"
        try:
            size = read_number(text[1:] if below else text, places)
        except TwoReadings as two:
            both = all(least <= Decimal(way) <= most for way in two.ways)
            self.problems[name] = amount_problem(two, text, "") if both else wrong
            return None
        except NotAnAmount:
            self.problems[name] = wrong
            return None
        value = -size if below else size
        if not least <= value <= most:
            self.problems[name] = wrong
            return None
        return value

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

    def day(self, name: str) -> date | None:
        """Return a day as a date input sends it, in the digits of any script; None for none."""
        text = ascii_digits(self.text(name, length_max=10, required=False))
        if not text or name in self.problems:
            return None
        try:
            day = date.fromisoformat(text)
        except ValueError:
            day = date.min
        if day.year not in _YEARS:
            self.problems[name] = _("A day such as 2027-03-21.")
            return None
        return day

    def uuid(self, name: str, *, wrong: str | None = None) -> UUID:
        """Return an id that a form carries hidden or in a choice; anything else is a problem: `wrong`."""
        try:
            return UUID(self.values.get(name, "").strip())
        except ValueError:
            self.problems[name] = wrong or _("Choose one of the options.")
            return new_id()

    def units(self, prefix: str = "units-", *, least: int = 0, required: bool = False) -> dict[UUID, int]:
        """Return the units of a list's rows, fields named by prefix and id, in their order.

        Empty ones are left out, or a problem where each is `required`.
        """
        units: dict[UUID, int] = {}
        for name, text in self.values.items():
            if name.startswith(prefix) and (required or text.strip()):
                try:
                    id_ = UUID(name.removeprefix(prefix))
                except ValueError:
                    self.problems[name] = _("Choose one of the options.")
                    continue
                units[id_] = self.integer(name, least=least, most=UNITS_MAX)
        return units

    def ticked(self, name: str) -> bool:
        """Tell whether a box was ticked; programs may say that it was not by 0, false, no or off."""
        return self.values.get(name, "").strip().lower() not in ("", "0", "false", "no", "off")

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
