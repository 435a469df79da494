"""Bank transfer: an account, an amount and a reference; in euros also as an EPC QR code ("GiroCode")."""

from collections.abc import Mapping
from typing import Any

import segno
from segno.helpers import make_epc_qr

from safar.kernel.money import Money
from safar.payments.books.reference import reference_of
from safar.payments.providers.by_hand import ByHand
from safar.payments.providers.port import Charge

EURO = "EUR"


class BankTransfer(ByHand):
    """Into the account that managers have named."""

    def __init__(self, details: Mapping[str, str]) -> None:
        self._details = details

    def instructions(self, charge: Charge) -> Mapping[str, Any]:
        shown = {name: self._details.get(name, "") for name in ("holder", "iban", "bic", "account", "bank")}
        return {**shown, "reference": reference_of(charge.number)}


def epc_code(data: Mapping[str, Any], amount: Money) -> segno.QRCode | None:
    """Return the QR code by EPC069-12 (European Payments Council), for euros to an IBAN only."""
    if amount.currency != EURO or not data.get("iban") or not data.get("holder"):
        return None
    return make_epc_qr(
        name=data["holder"][:70],
        iban=data["iban"],
        amount=amount.major(),
        reference=data["reference"],
        bic=data.get("bic") or None,
        encoding="utf-8",
    )
