"""UPI, as it is registered."""

from collections.abc import Mapping
from typing import Any

import segno

from safar.kernel.i18n import N_
from safar.kernel.money import Money
from safar.owner.reading import known_shop
from safar.payments.books.names import UPI
from safar.payments.providers.kind import Input, Means, ProviderKind, matching_pattern
from safar.payments.providers.upi.provider import ADDRESS, CATEGORY, RUPEES, Upi, link_for


def _means(data: Mapping[str, Any], missing: Money) -> Means:
    link = link_for(data, missing)
    return Means(link=link, qr=segno.make_qr(link, error="m"))


KIND = ProviderKind(
    UPI,
    "UPI",
    N_("Scan a code or open your UPI app."),
    make=lambda context, way: Upi(way.details, known_shop(context).name),
    inputs=(
        Input("holder", N_("Name of the receiver"), required=True, length_max=99),
        Input(
            "address", N_("UPI address"), N_("Such as name@bank."), required=True,
            check=matching_pattern(ADDRESS),
            wrong=N_("A UPI address looks like name@bank."),
        ),
        Input(
            "category", N_("Merchant category"), N_("Four digits, from your bank."),
            check=matching_pattern(CATEGORY),
        ),
    ),
    needs=("holder", "address"),
    only=RUPEES,
    means=_means,
    hold_minutes=lambda settings: settings.hold_minutes_qr,
)  # fmt: skip
