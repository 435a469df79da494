"""PIX, as it is registered."""

import re
import secrets as random
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import segno

from safar.kernel import clock
from safar.kernel.i18n import N_, _
from safar.kernel.money import Money
from safar.kernel.web.forms import Fields
from safar.payments.books.names import PIX
from safar.payments.providers.kind import Input, Means, Notices, ProviderKind, matching_pattern
from safar.payments.providers.pix.brcode import static_code
from safar.payments.providers.pix.notices import routes
from safar.payments.providers.pix.provider import REAIS, Pix, code_for, pix_key
from safar.payments.providers.port import Configured

TOKEN_OVERLAP = timedelta(days=3)


def _check(fields: Fields, details: dict[str, str], secrets: dict[str, str]) -> None:
    for name in ("holder", "city"):
        if name in fields.problems:
            continue
        try:
            static_code(key=secrets.get("key", "x"), name=details[name], city="X")
        except ValueError:
            fields.problems[name] = _("This needs Latin letters.")
    _renew(secrets, wanted="renew" in fields.values)


def _renew(secrets: dict[str, str], *, wanted: bool) -> None:
    """Make the secret address that notices come to; the one before works for a while longer."""
    if "token" in secrets and not wanted:
        return
    if "token" in secrets:
        secrets["token_before"] = secrets["token"]
        secrets["token_until"] = (clock.now() + TOKEN_OVERLAP).isoformat()
    secrets["token"] = random.token_urlsafe(24)


def _means(data: Mapping[str, Any], missing: Money) -> Means:
    code = code_for(data, missing)
    return Means(code=code, qr=segno.make_qr(code, error="m"))


def _notice_path(way: Configured) -> str | None:
    """Return the address that the bank is to tell; it is secret."""
    token = way.secrets.get("token")
    return f"/pay/notices/pix/{token}" if token else None


KIND = ProviderKind(
    PIX,
    "PIX",
    N_("Scan a code or copy it into your bank's app."),
    make=lambda _context, way: Pix(way.details, way.secrets.get("key", "")),
    inputs=(
        Input(
            "holder", N_("Name of the receiver"), N_("In Latin letters; 25 of them are shown."),
            required=True,
        ),
        Input("city", N_("City"), required=True),
        Input(
            "key", N_("PIX key"), N_("CPF, CNPJ, phone (+55…), e-mail or random key."),
            required=True, secret=True, check=pix_key, wrong=N_("This is no PIX key."),
        ),
        Input(
            "signing", N_("Secret that signs notices"),
            N_("Where the bank, or a relay of yours, sends X-Signature: HMAC-SHA256 of the body in hex."),
            secret=True, check=matching_pattern(re.compile(r"[!-~]{16,200}")),
            wrong=N_("At least 16 characters, without spaces."),
        ),
    ),
    needs=("holder", "city"),
    needs_secret=("key",),
    check=_check,
    only=REAIS,
    means=_means,
    hold_minutes=lambda settings: settings.hold_minutes_qr,
    notices=Notices(routes, _notice_path),
)  # fmt: skip
