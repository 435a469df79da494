"""The console's pages of the ways to pay: which are offered, to whom, and with what they are set up."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.kernel.context import Context
from safar.kernel.errors import NotFound
from safar.kernel.i18n import N_, _
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, page
from safar.kernel.web.post import NOTHING, Wrong, posted
from safar.payments.books.names import TEST_CARD
from safar.payments.providers.port import Configured
from safar.payments.registry import KINDS
from safar.payments.way_form import read_way
from safar.payments.ways import in_order, load_ways, move_way_up, save_way, usable

_WORKS = N_("The connection works.")


async def _ways(request: Request, wrong: Wrong = NOTHING) -> Response:
    configured = await _load(context_of(request))
    names = in_order(configured)
    others = [name for name in KINDS if name not in configured]
    values = {
        "ways": [(name, KINDS[name], configured.get(name)) for name in (*names, *others)],
        "first": next(iter(names), ""),
        "usable": usable,
        "test_card": TEST_CARD,
        "problem": wrong.sentence,
    }
    return page(request, "payments/ways.html", values, status=wrong.status)


async def _way(
    request: Request, wrong: Wrong = NOTHING, *, tested: tuple[str, str] | None = None
) -> Response:
    context, provider = context_of(request), _provider(request)
    kind = KINDS[provider]
    way = (await _load(context)).get(provider) or Configured(provider, False, (), (), {}, {})
    known: dict[str, str] = {
        **way.details,
        "currencies": " ".join(way.currencies),
        "countries": " ".join(way.countries),
        **({"enabled": "on"} if way.enabled else {}),
    }
    values = {
        "provider": provider,
        "kind": kind,
        "inputs": kind.inputs,
        "way": way,
        "typed": known if wrong.fields is None else _shown(wrong.typed, provider),
        "problems": wrong.problems,
        "problem": wrong.problem,
        "tested": tested,
        "notice_url": _notice_url(context, way),
        "stripe_events": kind.notices.events if kind.notices else (),
        "usable": usable(way),
        "may_test": kind.ping is not None and usable(way),
    }
    return page(request, "payments/way.html", values, status=wrong.status)


def _notice_url(context: Context, way: Configured) -> str | None:
    """Return the address that the provider is to tell, where it tells of its own accord."""
    notices = KINDS[way.provider].notices
    path = notices.path(way) if notices else None
    return f"{context.settings.public_url}{path}" if path else None


@posted(_way)
async def _save(request: Request, actor: Actor, fields: Fields) -> str:
    context, provider = context_of(request), _provider(request)
    before = (await _load(context)).get(provider)
    way = read_way(fields, provider, before)
    fields.done()
    await save_way(context, way, actor=actor)
    return f"/payments/ways/{provider}"


@posted(_ways)
async def _move_up(request: Request, actor: Actor, _fields: Fields) -> str:
    await move_way_up(context_of(request), _provider(request), actor=actor)
    return "/payments/ways"


def _shown(values: Mapping[str, str], provider: str) -> dict[str, str]:
    """Return what was typed, without the secrets: they are never sent back."""
    hidden = {field.name for field in KINDS[provider].inputs if field.secret}
    return {name: value for name, value in values.items() if name not in hidden}


async def _test(request: Request) -> Response:
    """Ask the provider for something harmless, as it is set up."""
    context, provider = context_of(request), _provider(request)
    way, ping = (await _load(context)).get(provider), KINDS[provider].ping
    if ping is None or way is None or not usable(way):
        raise NotFound
    problem = await ping(context, way)
    tested = ("error", _(problem)) if problem else ("success", _(_WORKS))
    return await _way(request, tested=tested)


async def _load(context: Context) -> dict[str, Configured]:
    async with context.database.connection() as connection:
        return await load_ways(context, connection)


def _provider(request: Request) -> str:
    provider: str = request.path_params["provider"]
    if provider not in KINDS:
        raise NotFound
    return provider


routes: list[BaseRoute] = [
    StaffRoute("/payments/ways", _ways, role="manager"),
    StaffRoute("/payments/ways/{provider}", _way, role="manager"),
    StaffRoute("/payments/ways/{provider}", _save, role="manager", methods=["POST"]),
    StaffRoute("/payments/ways/{provider}/up", _move_up, role="manager", methods=["POST"]),
    StaffRoute("/payments/ways/{provider}/test", _test, role="manager", methods=["POST"]),
]
