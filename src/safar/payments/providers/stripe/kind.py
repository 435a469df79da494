"""Stripe, as it is registered."""

import asyncio
import re
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from safar.kernel.context import Context
from safar.kernel.i18n import N_
from safar.kernel.web.access import PublicRoute
from safar.payments.books.names import STRIPE
from safar.payments.providers.kind import DeskOf, Input, Notices, ProviderKind, matching_pattern
from safar.payments.providers.port import Configured
from safar.payments.providers.stripe.client import NEEDED, is_pretended, stripe_for
from safar.payments.providers.stripe.money import step_of

_PATH = "/pay/notices/stripe"
_EVENTS = (
    "checkout.session.completed", "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed", "checkout.session.expired", "charge.refunded",
    "refund.updated", "refund.failed",
)  # fmt: skip
_WRONG_KEY = N_("Stripe does not accept this secret key.")
_SILENT = N_("Stripe did not answer in time. Try again, or check SAFAR_STRIPE_API_URL.")


async def _ping(context: Context, way: Configured) -> str | None:
    import stripe

    try:
        async with asyncio.timeout(context.settings.payment_timeout_s):
            await stripe_for(context, way).ping()
    except (stripe.AuthenticationError, stripe.PermissionError):
        return _WRONG_KEY
    except (stripe.StripeError, TimeoutError):
        return _SILENT
    return None


def _routes(desk_of: DeskOf) -> Sequence[BaseRoute]:
    async def hear(request: Request) -> Response:
        # With the first notice comes the library that checks it: 12 MB that most processes never need.
        from safar.payments.providers.stripe.notices import take_stripe_notice

        signature = request.headers.get("stripe-signature")
        outcome = await take_stripe_notice(desk_of(request), await request.body(), signature)
        return JSONResponse({"outcome": outcome})

    why = "Stripe, whose signature is checked on the raw body"
    return [PublicRoute(_PATH, hear, why=why, methods=["POST"])]


KIND = ProviderKind(
    STRIPE,
    N_("Card or wallet"),
    N_("On the secure page of Stripe. You come back here afterwards."),
    make=stripe_for,
    inputs=(
        Input(
            "secret_key", N_("Secret key"), N_("Begins with sk_ or rk_."), required=True, secret=True,
            check=matching_pattern(re.compile(r"(sk|rk)_[A-Za-z0-9_]{5,250}")), length_max=300,
        ),
        Input(
            "webhook_secret", N_("Signing secret of the webhook"), N_("Begins with whsec_."), required=True,
            secret=True, check=matching_pattern(re.compile(r"whsec_[A-Za-z0-9+/=_-]{5,250}")), length_max=300,
        ),
    ),
    needs_secret=NEEDED,
    has_page=True,
    total_step=step_of,
    hold_minutes=lambda settings: settings.hold_minutes_card,
    pretended=is_pretended,
    notices=Notices(_routes, lambda _way: _PATH, _EVENTS),
    ping=_ping,
)  # fmt: skip
