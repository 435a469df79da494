"""The form of a new campaign: what it shows, what it reads, and a preview of its message."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from safar.campaigns import mail
from safar.campaigns.model import Audience, Campaign, CampaignDraft, Offer
from safar.campaigns.reading import QUERIES, offers_of
from safar.kernel.database import Connection, rows
from safar.kernel.i18n import LANGUAGES, N_, _, speaking
from safar.kernel.ids import new_id, parse_id
from safar.kernel.text import fold
from safar.kernel.web.forms import UNITS_MAX, Fields
from safar.stock.actions import MAIN

_REPLY_MINUTES_MAX = 7 * 24 * 60
_OFFER_DAYS_MAX = 365
_CHOICES_MAX = 12
_WORDS_MAX = 6

EXAMPLE_SUBJECT = N_("{{ product.title }}: {{ units }} are yours to share")
EXAMPLE_BODY = N_(
    "Hello {{ customer.name | default: 'there' }},\n\n{{ product.title }} is here, for {{ product.price }}."
    " There are {{ units }}, set aside for the readers of this message:\n\n{{ link }}\n\n"
    "Ask us anything; we answer within {{ reply_time }}.\n\n{{ shop }}"
)


@dataclass(frozen=True, slots=True)
class OfferChoice(Offer):
    """A product that may be offered, with the units free in the warehouse."""

    free: int = 0


@dataclass(frozen=True, slots=True)
class _Country:
    country: str


async def offer_choices(connection: Connection, text: str) -> list[OfferChoice]:
    """Return products by words of their title or SKU; without words, those with most units free."""
    words = [word.translate(_LIKE) for word in fold(text).split()[:_WORDS_MAX]]
    params = {
        "patterns": [f"%{word}%" for word in words] or ["%"],
        "main": MAIN,
        "limit": _CHOICES_MAX,
    }
    return await rows(OfferChoice, connection, QUERIES["find_offers"], params)


_LIKE = str.maketrans({"%": r"\%", "_": r"\_", "\\": r"\\"})


async def countries(connection: Connection) -> list[str]:
    """Return the countries customers live in."""
    return [found.country for found in await rows(_Country, connection, QUERIES["countries"])]


def read_audience(fields: Fields) -> Audience:
    """Return to whom; an empty field means everybody."""
    language = fields.text("language", required=False, length_max=10) or None
    country = fields.text("country", required=False, length_max=100) or None
    if language is not None and language not in LANGUAGES:
        fields.problems["language"] = _("Choose one of the options.")
    limit = fields.optional_integer("limit", least=1, most=1_000_000)
    return Audience(language, country, limit)


def read_texts(fields: Fields, main: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return subjects and bodies by language, of which `main`, the shop's, must be there.

    Their templates are checked when the campaign is saved.
    """
    texts: list[dict[str, str]] = []
    for part, length_max in (("subject", mail.SUBJECT_MAX), ("body", mail.BODY_MAX)):
        texts.append(
            {
                language: text
                for language in LANGUAGES
                if (
                    text := fields.text(
                        f"{part}_{language}", required=language == main, length_max=length_max
                    ).replace("\r\n", "\n")
                )
            }
        )
    return texts[0], texts[1]


def read_draft(fields: Fields, main: str, campaign_id: UUID | None = None) -> CampaignDraft:
    """Return the campaign that the form describes, the one of `campaign_id` or that the form was shown for.

    Raises InvalidInput with every problem.
    """
    name = fields.text("name", length_max=120)
    variant_id = _variant(fields)
    units = fields.integer("units", least=1, most=UNITS_MAX)
    minutes = fields.integer("reply_minutes", least=1, most=_REPLY_MINUTES_MAX)
    days = fields.integer("offer_days", least=1, most=_OFFER_DAYS_MAX)
    audience = read_audience(fields)
    subject, body = read_texts(fields, main)
    fields.done()
    return CampaignDraft(
        campaign_id=campaign_id or _id(fields),
        name=name,
        variant_id=variant_id,
        units=units,
        reply_seconds=minutes * 60,
        audience=audience,
        subject=subject,
        body=body,
        offer_hours=days * 24,
    )


def _id(fields: Fields) -> UUID:
    """Return the id that the form was shown with: sent twice, it is one campaign."""
    text = fields.values.get("campaign_id", "")
    return parse_id(text) if text else new_id()


def _variant(fields: Fields) -> UUID:
    return fields.uuid("variant_id", wrong=_("Choose the product that is offered."))


async def previews(
    connection: Connection, fields: Fields, shop_name: str, main: str
) -> tuple[list[tuple[str, mail.Written]], list[str]]:
    """Return the message as an example customer would get it, in each language that has one and is right.

    And what is wrong with the others, so that one that is wrong hides none that is right.
    """
    variant_id = _variant(fields)
    offer = (await offers_of(connection, [variant_id])).get(variant_id)
    if offer is None:
        return [], [_("Choose the product that is offered.")]
    units = fields.integer("units", least=1, most=UNITS_MAX)
    minutes = fields.integer("reply_minutes", least=1, most=_REPLY_MINUTES_MAX)
    subject, body = read_texts(fields, main)
    facts = mail.Facts(offer, units, minutes * 60, shop_name, main)
    wrong = mail.template_problems(subject, body, facts) | fields.problems
    right = [code for code in LANGUAGES if not wrong.keys() & {f"subject_{code}", f"body_{code}"}]
    shown = [(LANGUAGES[code], written) for code, written in mail.examples(subject, body, facts, right)]
    return shown, [f"{_named(field)}: {problem}" for field, problem in wrong.items()]


def _named(field: str) -> str:
    """Return what a field of the form is called."""
    part, _underscore, language = field.partition("_")
    if language in LANGUAGES:
        label = _("Subject") if part == "subject" else _("Text")
        return f"{LANGUAGES[language]}, {label}"
    return _("Offer")


def values_of(campaign: Campaign) -> dict[str, str]:
    """Return a campaign as its form is filled with it."""
    audience = {name: str(value or "") for name, value in campaign.audience.items()}
    texts = {f"subject_{code}": text for code, text in campaign.subject.items()}
    texts |= {f"body_{code}": text for code, text in campaign.body.items()}
    return {
        "campaign_id": str(campaign.id),
        "name": campaign.name,
        "variant_id": str(campaign.variant_id),
        "units": str(campaign.units_offered),
        "reply_minutes": str(max(1, campaign.reply_seconds // 60)),
        "offer_days": str(max(1, campaign.offer_hours // 24)),
        **audience,
        **texts,
    }


def empty_values() -> dict[str, Any]:
    """Return what a fresh form is filled with."""
    examples: dict[str, str] = {}
    for language in LANGUAGES:
        with speaking(language):
            examples |= {f"subject_{language}": _(EXAMPLE_SUBJECT), f"body_{language}": _(EXAMPLE_BODY)}
    return {
        "campaign_id": str(new_id()),
        "units": "100",
        "reply_minutes": "10",
        "offer_days": "14",
        **examples,
    }
