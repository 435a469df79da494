"""Languages: gettext catalogues read from .po files, the language of the current request, formats."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date as calendar_day
from datetime import datetime, timedelta
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import jdatetime
from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.dates import format_date, format_time, format_timedelta, get_day_names
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_name

from safar.kernel import clock
from safar.kernel.money import Money

LANGUAGES = {"en": "English", "pt-BR": "Português", "fa": "فارسی", "hi": "हिन्दी"}
_RIGHT_TO_LEFT = frozenset({"fa"})
# One part of an Accept-Language header (RFC 9110, 12.5.4).
_WANTED = re.compile(
    r"\s{0,9}(?P<language>[A-Za-z]{1,8})(-[A-Za-z0-9]{1,8}){0,8}\s{0,9}(;\s{0,9}[qQ]=(?P<quality>[0-9](\.[0-9]{0,3})?)\s{0,9})?"
)
_CATALOGUES = Path(__file__).parent.parent / "locale"
_PERSIAN_MONTHS = (
    "فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور", "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند",
)  # fmt: skip

_NUMBERS_MAX = 4096
_LOCALES_MAX = 256
_PERSIAN_DIGITS = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
_DAY = re.compile(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,9}\b", re.IGNORECASE)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_language: ContextVar[str] = ContextVar("safar_language", default="en")
_zone: ContextVar[str] = ContextVar("safar_zone", default="UTC")
_country: ContextVar[str] = ContextVar("safar_country", default="GB")


@cache
def _catalogue(language: str) -> NullTranslations:
    path = _CATALOGUES / language.replace("-", "_") / "LC_MESSAGES" / "safar.po"
    if not path.exists():
        return NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language.replace("-", "_")))
    compiled.seek(0)
    return GNUTranslations(compiled)


def current_language() -> str:
    """Return the language in force: a key of LANGUAGES."""
    return _language.get()


def set_language(language: str) -> None:
    """Use `language` for the rest of this context (a request's task)."""
    _language.set(language if language in LANGUAGES else "en")


def set_zone(zone: str) -> None:
    """Show times in the IANA `zone` for the rest of this context."""
    _zone.set(zone)


def set_country(country: str) -> None:
    """Write days and amounts as a shop in this country (ISO 3166) does, for the rest of this context."""
    _country.set(country)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Use `language` inside the block, for a message to someone other than the caller."""
    token = _language.set(language if language in LANGUAGES else "en")
    try:
        yield
    finally:
        _language.reset(token)


def direction(language: str) -> str:
    return "rtl" if language in _RIGHT_TO_LEFT else "ltr"


def _(message: str, **values: object) -> str:
    """Return `message` in the language in force, its %(name)s placeholders filled."""
    text = _catalogue(current_language()).gettext(message)
    return text % values if values else text


def pgettext(context: str, message: str, **values: object) -> str:
    """Return `message` as `_` does, for a word that means two things: `context` tells translators which."""
    text = _catalogue(current_language()).pgettext(context, message)
    return text % values if values else text


def N_(message: str) -> str:
    """Mark `message` for the catalogues; translate it with `_` when it is shown."""
    return message


def ngettext(singular: str, plural: str, count: int, **values: object) -> str:
    text = _catalogue(current_language()).ngettext(singular, plural, count)
    return text % {"num": number(count), **values}


def language_of_header(accept: str) -> str | None:
    """Return the best of our languages for an Accept-Language header, or None."""
    wanted: list[tuple[float, int, str]] = []
    for position, part in enumerate(accept[:500].split(",")):
        stated = _WANTED.fullmatch(part)
        if stated and (quality := float(stated["quality"] or 1)) > 0:
            wanted.append((-quality, position, stated["language"].lower()))
    for _quality, _position, language in sorted(wanted):
        for ours in LANGUAGES:
            if language == ours.lower().split("-")[0]:
                return ours
    return None


def _locale() -> Locale:
    return _locale_of(current_language(), _country.get())


@lru_cache(maxsize=_LOCALES_MAX)
def _locale_of(language: str, country: str) -> Locale:
    """Return the locale whose formats are used: English is written as it is in the shop's own country."""
    if language != "en":
        return Locale.parse(language.replace("-", "_"))
    try:
        return Locale.parse(f"en_{country}")
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en_001")


def number(value: float) -> str:
    return _number(value, current_language(), _country.get())


def percent(value: float) -> str:
    """Return `value` per cent, with the sign where the language has it."""
    locale = _locale()
    pattern = re.sub(r"#,##0(?!\.)", "#,##0.#", locale.percent_formats[None].pattern)
    text = format_percent(value / 100, format=pattern, locale=locale, numbering_system="default")
    # Babel has the sign of the Arabic digits for none of its number systems.
    return _in_digits(text).replace("%", "٪") if current_language() == "fa" else text


@lru_cache(maxsize=_NUMBERS_MAX)
def _number(value: float, language: str, country: str) -> str:
    locale = _locale_of(language, country)
    return _in_digits(format_decimal(value, locale=locale, numbering_system="default"))


def _in_digits(text: str) -> str:
    """Return `text` in the digits of the language in force: Babel knows the signs between them only."""
    return text.translate(_PERSIAN_DIGITS) if current_language() == "fa" else text


def money(minor: int, currency: str) -> str:
    """Return an amount as the language writes it; in Persian the unit follows: "۱۰٬۰۰۰ ریال"."""
    persian = current_language() == "fa"
    text = format_currency(
        Money(minor, currency).major(),
        currency,
        format="\u200f#,##0.00\u00a0¤" if persian else None,
        locale=_locale(),
        numbering_system="default",
    )
    return _in_digits(text)


@cache
def currencies_in_use() -> frozenset[str]:
    """Return the ISO codes of the currencies that are tender somewhere today."""
    by_country = get_global("territory_currencies")
    return frozenset(
        code for spans in by_country.values() for code, _from, until, tender in spans if tender and not until
    )


def currency_name(currency: str) -> str:
    """Return a currency in words of the language in force: "Indian Rupee"."""
    return get_currency_name(currency, locale=_locale())


def _local(at: datetime) -> datetime:
    return at.astimezone(ZoneInfo(_zone.get()))


def date(at: datetime) -> str:
    """Return the day of `at` in words; in Persian by the Jalali calendar."""
    return day(clock.shop_day(at, _zone.get()))


def day(on: calendar_day) -> str:
    """Return a day in words; in Persian by the Jalali calendar."""
    if current_language() == "fa":
        jalali = jdatetime.date.fromgregorian(date=on)
        return _in_digits(f"{jalali.day} {_PERSIAN_MONTHS[jalali.month - 1]} {jalali.year}")
    return format_date(on, locale=_locale())


def time_of_day(at: datetime) -> str:
    return _in_digits(format_time(_local(at), format="short", locale=_locale()))


def weekday_and_time(at: datetime) -> str:
    """Return the day of the week and the time of `at`, for a moment within the next seven days."""
    local = _local(at)
    names = get_day_names("wide", locale=_locale())
    return f"{names[local.weekday()]} {time_of_day(at)}"


def datetime_text(at: datetime) -> str:
    if current_language() == "fa":
        return f"{date(at)}، {time_of_day(at)}"
    local, locale = _local(at), _locale()
    day_part = format_date(clock.shop_day(at, _zone.get()), format="medium", locale=locale)
    return f"{day_part}, {format_time(local, format='short', locale=locale)}"


def moment(at: datetime) -> str:
    """Return `at` as short as it can be understood: the time today, else the day."""
    zone = _zone.get()
    return time_of_day(at) if clock.shop_day(at, zone) == clock.today(zone) else date(at)


def duration(seconds: float | None) -> str:
    """Return a length of time in words ("3 minutes"), or a dash for None."""
    if seconds is None:
        return "–"
    if 0 < seconds < 1:
        return _("under a second")
    text = format_timedelta(
        timedelta(seconds=max(seconds, 0)),
        granularity="second",
        threshold=1.5,
        locale=_locale(),
    )
    return _in_digits(text)


def ngettext_plain(singular: str, plural: str, count: int) -> str:
    """Return the plural form for `count`, its placeholders left for the template to fill."""
    return _catalogue(current_language()).ngettext(singular, plural, count)


def hours_text(opening_hours: str) -> str:
    """Return the opening hours with the names of days and digits of the language in force."""
    language = current_language()
    names = get_day_names("abbreviated", locale=language.replace("-", "_"))
    text = _DAY.sub(lambda match: names[_DAYS.index(match.group(1).lower())], opening_hours)
    return _in_digits(text)
