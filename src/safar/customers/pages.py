"""The customers list and a customer's page, for staff."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.customers.actions import consent_many
from safar.customers.consent_words import proof_lines
from safar.customers.identify import QUERIES, finals
from safar.customers.model import Consent, ConsentRecord, ConsentRow, CustomerRow, Identity, Profile
from safar.customers.sentences import Sentences, sentences_of, tone_of, word
from safar.journal.actions import of_customer
from safar.journal.model import Recorded
from safar.kernel.database import Connection, row, rows, value, values
from safar.kernel.errors import NotFound
from safar.kernel.i18n import LANGUAGES
from safar.kernel.ids import parse_id
from safar.kernel.keyset import COUNTED_MAX, LAST_ID, LAST_MOMENT, cut, key_moment, page_key, parse_page_key
from safar.kernel.text import fold, whole_number
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, page
from safar.kernel.web.post import NOTHING, Wrong, posted
from safar.kernel.web.requests import see_other

PAGE_SIZE = 50
TIMELINE_SIZE = 40
_QUERY_CHARACTERS_MAX = 100
_REASON_CHARACTERS_MAX = 300
_COUNTRY_CHARACTERS_MAX = 100
CONSENTS = ("given", "none", "withdrawn")


@dataclass(frozen=True, slots=True)
class TimelineLine:
    """One event of a timeline, as it is shown."""

    id: int
    at: datetime
    text: str
    icon: str
    tone: str


@dataclass(frozen=True, slots=True)
class WantedCustomers:
    """Which customers a list shows; None for any. `consent` to marketing e-mails: given, withdrawn, none."""

    query: str = ""
    consent: str | None = None
    language: str | None = None
    country: str | None = None

    @property
    def params(self) -> dict[str, str | None]:
        folded = fold(self.query).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return {
            "pattern": f"%{folded}%" if folded else None,
            "consent": self.consent,
            "language": self.language,
            "country": self.country,
        }


def wanted_customers(request: Request) -> WantedCustomers:
    """Return which customers an address asks for; what it says that no filter knows is left out."""
    asked = request.query_params
    consent, language = asked.get("consent"), asked.get("language")
    return WantedCustomers(
        asked.get("q", "").strip()[:_QUERY_CHARACTERS_MAX],
        consent if consent in CONSENTS else None,
        language if language in LANGUAGES else None,
        asked.get("country", "").strip()[:_COUNTRY_CHARACTERS_MAX] or None,
    )


async def customers_page(request: Request) -> Response:
    wanted = wanted_customers(request)
    before = parse_page_key(request.query_params.get("before"), key_moment, UUID)
    at, id = before or (LAST_MOMENT, LAST_ID)
    async with context_of(request).database.connection() as connection:
        customers = await find_customers(connection, wanted, before_at=at, before_id=id)
        counted = {**wanted.params, "limit": COUNTED_MAX + 1}
        total = await value(connection, QUERIES["count"], counted)
        countries = await values(connection, QUERIES["countries"])
    shown, last = cut(customers, PAGE_SIZE)
    older = None
    if last:
        key = page_key(last.created_at, last.id)
        older = f"?{request.url.include_query_params(before=key).query}"
    listed = {
        "customers": shown,
        "wanted": wanted,
        "query": wanted.query,
        "total": total,
        "countries": countries,
        "older": older,
        "first": before is None,
    }
    return page(request, "customers/list.html", listed)


async def find_customers(
    connection: Connection,
    wanted: WantedCustomers,
    *,
    before_at: datetime = LAST_MOMENT,
    before_id: UUID = LAST_ID,
) -> list[CustomerRow]:
    """Return customers by a part of name or address and by filters, newest first: one more than a page."""
    params = {
        **wanted.params,
        "before_at": before_at,
        "before_id": before_id,
        "limit": PAGE_SIZE + 1,
    }
    return await rows(CustomerRow, connection, QUERIES["list"], params)


async def customer_page(request: Request, wrong: Wrong = NOTHING) -> Response:
    asked = parse_id(request.path_params["customer_id"])
    async with context_of(request).database.connection() as connection:
        customer_id = (await finals(connection, [asked])).get(asked)
        if customer_id is None:
            raise NotFound
        if customer_id != asked:
            return see_other(f"/customers/{customer_id}")
        params = {"id": customer_id}
        profile = await row(Profile, connection, QUERIES["profile"], params)
        identities = await rows(Identity, connection, QUERIES["identities"], params)
        claims = await rows(Identity, connection, QUERIES["claims"], params)
        consents = await rows(ConsentRow, connection, QUERIES["consents"], params)
        history = await rows(ConsentRecord, connection, QUERIES["consent_history"], params)
        known = await values(connection, QUERIES["known_as"], params)
        events = await customer_timeline(connection, customer_id)
    browsers = {identity.value for identity in identities if identity.kind == "visitor"}
    browsers |= {str(id_) for id_ in known} - {str(customer_id)}
    assert profile is not None
    shown = {
        "customer": profile,
        "identities": [identity for identity in identities if identity.kind != "visitor"],
        "claims": claims,
        "browsers": len(browsers),
        "consents": consents,
        "subscribed": any(consent.given for consent in consents if consent.channel == "email"),
        "history": [(record, proof_lines(record.proof)) for record in history],
        **wrong.values(),
        "word": word,
        **_timeline_values(customer_id, events, sentences_of(request)),
    }
    return page(request, "customers/customer.html", shown, status=wrong.status)


@posted(customer_page)
async def post_consent(request: Request, actor: Actor, fields: Fields) -> str:
    """Write down what a customer has told staff about e-mails, and how."""
    asked = parse_id(request.path_params["customer_id"])
    given = fields.choice("given", {"yes", "no"}) == "yes"
    reason = fields.text("reason", length_max=_REASON_CHARACTERS_MAX)
    fields.done()
    async with context_of(request).database.transaction() as connection:
        customer_id = (await finals(connection, [asked])).get(asked)
        if customer_id is None:
            raise NotFound
        consent = Consent(customer_id, "email", given, "staff", {"reason": reason}, actor.id)
        await consent_many(connection, [consent])
    return f"/customers/{customer_id}"


async def timeline_part(request: Request) -> Response:
    """The next part of a customer's timeline, for "load more"."""
    customer_id = parse_id(request.path_params["customer_id"])
    before = whole_number(request.query_params.get("before", ""))
    if before is None:
        raise NotFound
    async with context_of(request).database.connection() as connection:
        events = await customer_timeline(connection, customer_id, before=before)
    return page(
        request, "customers/timeline.html", _timeline_values(customer_id, events, sentences_of(request))
    )


async def customer_timeline(
    connection: Connection, customer_id: UUID, *, before: int | None = None
) -> list[Recorded]:
    """Return what happened with a customer under all ids they had, newest first: one more than is shown."""
    ids = await values(connection, QUERIES["known_as"], {"id": customer_id})
    return await of_customer(connection, ids or [customer_id], before=before, limit=TIMELINE_SIZE + 1)


def timeline_lines(events: Sequence[Recorded], sentences: Sentences) -> list[TimelineLine]:
    """Return events as the lines of a timeline."""
    return [TimelineLine(e.id, e.at, sentences.sentence(e), sentences.icon_of(e), tone_of(e)) for e in events]


def _timeline_values(
    customer_id: UUID, events: Sequence[Recorded], sentences: Sentences
) -> dict[str, object]:
    shown, last = cut(events, TIMELINE_SIZE)
    return {
        "lines": timeline_lines(shown, sentences),
        "more": f"/customers/{customer_id}/timeline?before={last.id}" if last else None,
    }


routes: list[BaseRoute] = [
    StaffRoute("/customers", customers_page, role="agent"),
    StaffRoute("/customers/{customer_id}", customer_page, role="agent"),
    StaffRoute("/customers/{customer_id}/consent", post_consent, role="agent", methods=["POST"]),
    StaffRoute("/customers/{customer_id}/timeline", timeline_part, role="agent"),
]
