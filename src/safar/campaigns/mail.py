"""A campaign's message: Liquid templates by language, checked when they are written."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from liquid.exceptions import LiquidError

from safar.campaigns.liquid import LocalNumber, compiled
from safar.campaigns.model import Offer
from safar.campaigns.template_words import template_error
from safar.kernel.i18n import _, duration, money, number, speaking
from safar.kernel.text import printable, shortened

SUBJECT_MAX = 150
BODY_MAX = 10_000
# Whom a template is tried with: somebody who gave no name, one name, several; letters of every script.
_SAMPLE_NAMES = ("Ada", "", "Ana Maria da Silva", "علی‌رضا", "क्षमा", "O'Neil & Sons")
_SAMPLE_LINK = "https://link.invalid/offer"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a template may speak of, the same for everybody; `language` is the shop's own."""

    offer: Offer
    units: int
    reply_seconds: int
    shop_name: str
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Written:
    """A message as it goes to one customer: plain text, and the part of it that the campaign says."""

    subject: str
    body: str
    language: str
    said: str


def write_mail(
    subjects: Mapping[str, str],
    bodies: Mapping[str, str],
    facts: Facts,
    *,
    name: str | None,
    language: str,
    link: str,
    unsubscribe: str,
) -> Written:
    """Return the message in the customer's language, in the shop's where the campaign does not speak it.

    Raises LiquidError for a template that is wrong. What is filled in is text, not markup: the channel
    escapes it where it makes HTML of it; line breaks and control characters of names are taken out here.
    """
    spoken = _spoken(subjects, bodies, language, facts.language)
    with speaking(spoken):
        values = {
            "customer": {"name": shortened(printable(name or ""), 80)},
            "product": {
                "title": facts.offer.title,
                "price": money(facts.offer.price_minor, facts.offer.currency),
            },
            "units": LocalNumber(facts.units, number(facts.units)),
            "reply_time": duration(facts.reply_seconds),
            "shop": facts.shop_name,
            "link": link,
        }
        subject = shortened(printable(compiled(subjects[spoken]).render(**values)), SUBJECT_MAX)
        body = compiled(bodies[spoken]).render(**values).strip()
        farewell = _("Unsubscribe: %(url)s", url=unsubscribe)
    return Written(subject, f"{body}\n\n--\n{farewell}\n", spoken, body)


def _spoken(subjects: Mapping[str, str], bodies: Mapping[str, str], *wanted: str) -> str:
    """Return the first of these languages, then of all, that the campaign speaks."""
    languages = (*wanted, *subjects)
    return next((one for one in languages if subjects.get(one) and bodies.get(one)), languages[0])


def template_problems(subjects: Mapping[str, str], bodies: Mapping[str, str], facts: Facts) -> dict[str, str]:
    """Return what is wrong with the templates, by field (`subject_en`, `body_fa` …), for the reader."""
    found: dict[str, str] = {}
    for language in sorted({facts.language} | {key for key, text in {**subjects, **bodies}.items() if text}):
        for field, text, length_max, needs_link in (
            (f"subject_{language}", subjects.get(language, ""), SUBJECT_MAX, False),
            (f"body_{language}", bodies.get(language, ""), BODY_MAX, True),
        ):
            if problem := _problem(text, length_max, facts, language, needs_link=needs_link):
                found[field] = problem
    return found


def examples(
    subjects: Mapping[str, str], bodies: Mapping[str, str], facts: Facts, languages: Iterable[str]
) -> list[tuple[str, Written]]:
    """Return the message as an example customer would get it, in each of these languages that has one."""
    return [
        (
            language,
            write_mail(
                subjects,
                bodies,
                facts,
                name="Ana Torres",
                language=language,
                link="https://…/l/…",
                unsubscribe="https://…/unsubscribe/…",
            ),
        )
        for language in languages
        if subjects.get(language) and bodies.get(language)
    ]


def _problem(text: str, length_max: int, facts: Facts, language: str, *, needs_link: bool) -> str | None:
    """Return why a template cannot go to everybody: it is tried with customers of every kind."""
    if not text.strip():
        return _("This is needed.")
    if len(text) > length_max:
        return _("At most %(count)s characters.", count=length_max)
    for name in _SAMPLE_NAMES:
        try:
            written = write_mail(
                {language: text},
                {language: text},
                facts,
                name=name,
                language=language,
                link=_SAMPLE_LINK,
                unsubscribe="",
            )
        except (LiquidError, RecursionError) as error:
            return template_error(error, text)
        if needs_link and _SAMPLE_LINK not in written.body:
            return _("Put {{ link }} where the link to the offer belongs.")
    return None
