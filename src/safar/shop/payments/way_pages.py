"""The console's pages of the ways to pay: which are offered, to whom, and with what they are set up."""

import asyncio
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
from safar.shop.payments.model import Configured
from safar.shop.payments.port import PIX, STRIPE, TEST_CARD
from safar.shop.payments.way_form import INPUTS, read_way
from safar.shop.payments.ways import KINDS, load_ways, save_way, stripe_for, usable

_STRIPE_EVENTS = (
    "checkout.session.completed", "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed", "checkout.session.expired", "charge.refunded",
    "refund.updated", "refund.failed",
)  # fmt: skip
_WORKS = N_("The connection works.")
_WRONG_KEY = N_("Stripe does not accept this secret key.")
_SILENT = N_("Stripe did not answer in time. Try again, or check SAFAR_STRIPE_API_URL.")


async def _ways(request: Request) -> Response:
    found = await _load(context_of(request))
    ways = [(name, kind, found.get(name)) for name, kind in KINDS.items()]
    return page(request, "shop/console_ways.html", {"ways": ways, "usable": usable, "test_card": TEST_CARD})


async def _way(
    request: Request, wrong: Wrong = NOTHING, *, tested: tuple[str, str] | None = None
) -> Response:
    context, provider = context_of(request), _provider(request)
    way = (await _load(context)).get(provider) or Configured(provider, False, (), (), {}, {})
    known: dict[str, str] = {
        **way.details, "currencies": " ".join(way.currencies), "countries": " ".join(way.countries),
        **({"enabled": "on"} if way.enabled else {}),
    }  # fmt: skip
    values = {
        "provider": provider, "kind": KINDS[provider], "inputs": INPUTS[provider], "way": way,
        "typed": known if wrong.fields is None else _shown(wrong.typed, provider),
        "problems": wrong.problems, "problem": wrong.problem, "tested": tested,
        "notice_url": _notice_url(context, way),
        "stripe_events": _STRIPE_EVENTS if provider == STRIPE else (),
        "usable": usable(way), "may_test": provider == STRIPE and usable(way),
    }  # fmt: skip
    return page(request, "shop/console_way.html", values, status=wrong.status)


def _notice_url(context: Context, way: Configured) -> str | None:
    """Return the address that the provider is to tell; that for PIX is secret."""
    base = f"{context.settings.public_url}/pay/notices"
    if way.provider == STRIPE:
        return f"{base}/stripe"
    token = way.secrets.get("token")
    return f"{base}/pix/{token}" if way.provider == PIX and token else None


@posted(_way)
async def _save(request: Request, actor: Actor, fields: Fields) -> str:
    context, provider = context_of(request), _provider(request)
    before = (await _load(context)).get(provider)
    way = read_way(fields, provider, before)
    fields.done()
    await save_way(context, way, actor=actor)
    return f"/payments/ways/{provider}"


def _shown(values: Mapping[str, str], provider: str) -> dict[str, str]:
    """Return what was typed, without the secrets: they are never sent back."""
    hidden = {field.name for field in INPUTS[provider] if field.secret}
    return {name: value for name, value in values.items() if name not in hidden}


async def _test(request: Request) -> Response:
    """Ask Stripe for something harmless, with the key that is set up."""
    import stripe

    context, provider = context_of(request), _provider(request)
    way = (await _load(context)).get(provider)
    if provider != STRIPE or way is None or not usable(way):
        raise NotFound
    try:
        async with asyncio.timeout(context.settings.payment_timeout_s):
            await stripe_for(context, way).ping()
        tested = ("success", _(_WORKS))
    except (stripe.AuthenticationError, stripe.PermissionError):
        tested = ("error", _(_WRONG_KEY))
    except (stripe.StripeError, TimeoutError):
        tested = ("error", _(_SILENT))
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
    StaffRoute("/payments/ways/{provider}/test", _test, role="manager", methods=["POST"]),
]
