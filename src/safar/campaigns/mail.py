"""A campaign's message: Liquid templates by language, checked when they are written."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from liquid import DictLoader, Environment, StrictUndefined
from liquid.exceptions import LiquidError
from liquid.template import BoundTemplate

from safar.campaigns.model import Offer
from safar.kernel.i18n import _, duration, money, number, speaking
from safar.kernel.text import shortened

SUBJECT_MAX = 150
BODY_MAX = 10_000


class _Environment(Environment):
    """A template may print what it is given and little more: it reads no files and cannot run for long."""

    loop_iteration_limit = 1_000
    output_stream_limit = 50_000
    context_depth_limit = 10
    local_namespace_limit = 10_000


_ENVIRONMENT = _Environment(loader=DictLoader({}), undefined=StrictUndefined)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a template may speak of, the same for everybody."""

    offer: Offer
    units: int
    reply_seconds: int
    shop_name: str


@dataclass(frozen=True, slots=True)
class Written:
    """A message as it goes to one customer: plain text."""

    subject: str
    body: str
    language: str


@lru_cache(maxsize=256)
def _compiled(source: str) -> BoundTemplate:
    return _ENVIRONMENT.from_string(source)


def write(
    subjects: Mapping[str, str],
    bodies: Mapping[str, str],
    facts: Facts,
    *,
    name: str | None,
    language: str,
    link: str,
    unsubscribe: str,
) -> Written:
    """Return the message in the customer's language, in English where the campaign does not speak it.

    Raises LiquidError for a template that is wrong. What is filled in is text, not markup: the channel
    escapes it where it makes HTML of it; line breaks and control characters of names are taken out here.
    """
    spoken = language if subjects.get(language) and bodies.get(language) else "en"
    with speaking(spoken):
        values = {
            "customer": {"name": shortened(_printable(name or ""), 80)},
            "product": {
                "title": facts.offer.title,
                "price": money(facts.offer.price_minor, facts.offer.currency),
            },
            "units": number(facts.units),
            "reply_time": duration(facts.reply_seconds),
            "shop": facts.shop_name,
            "link": link,
        }
        subject = shortened(_printable(_compiled(subjects[spoken]).render(**values)), SUBJECT_MAX)
        body = _compiled(bodies[spoken]).render(**values).strip()
        farewell = _("To receive no more messages like this one: %(url)s", url=unsubscribe)
    return Written(subject, f"{body}\n\n--\n{farewell}\n", spoken)


def problems(subjects: Mapping[str, str], bodies: Mapping[str, str], facts: Facts) -> dict[str, str]:
    """Return what is wrong with the templates, by field (`subject_en`, `body_fa` …), for the reader."""
    found: dict[str, str] = {}
    for language in sorted({"en"} | {key for key, text in {**subjects, **bodies}.items() if text}):
        subject, body = subjects.get(language, ""), bodies.get(language, "")
        for field, text, length_max in (
            (f"subject_{language}", subject, SUBJECT_MAX),
            (f"body_{language}", body, BODY_MAX),
        ):
            if problem := _problem(text, length_max, facts):
                found[field] = problem
        if f"body_{language}" not in found and "link" not in body:
            found[f"body_{language}"] = _("Put {{ link }} where the link to the offer belongs.")
    return found


def _problem(text: str, length_max: int, facts: Facts) -> str | None:
    if not text.strip():
        return _("This is needed.")
    if len(text) > length_max:
        return _("At most %(count)s characters.", count=length_max)
    try:
        write({"en": text}, {"en": text}, facts, name="Ada", language="en", link="l", unsubscribe="u")
    except LiquidError as error:
        return _("This template cannot be read: %(reason)s", reason=shortened(str(error), 150))
    return None


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
