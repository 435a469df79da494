"""UPI: a payment link by NPCI's "UPI Linking Specifications", which every UPI app opens and scans."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from safar.kernel.money import Money
from safar.payments.books.reference import reference_of
from safar.payments.providers.by_hand import ByHand
from safar.payments.providers.port import Charge

RUPEES = "INR"
# A virtual payment address: name@handle.
ADDRESS = re.compile(r"[A-Za-z0-9._-]{2,256}@[A-Za-z][A-Za-z0-9.-]{1,63}")
CATEGORY = re.compile(r"[0-9]{4}")
_NOTE_MAX, _NAME_MAX, _REFERENCE_MAX = 50, 99, 35


class Upi(ByHand):
    """To the address that managers have at the shop's bank."""

    def __init__(self, details: Mapping[str, str], shop_name: str) -> None:
        self._details, self._shop_name = details, shop_name

    def instructions(self, charge: Charge) -> Mapping[str, Any]:
        data = {
            "holder": self._details.get("holder") or self._shop_name,
            "address": self._details.get("address", ""),
            "category": self._details.get("category", ""),
            "reference": reference_of(charge.number),
            "note": f"{self._shop_name} {charge.number}",
        }
        return {**data, "link": link_for(data, Money(charge.amount_minor, charge.currency))}


def link_for(data: Mapping[str, Any], amount: Money) -> str:
    """Return the link that pays this amount to whom the charge was made for. Raises ValueError."""
    return pay_link(
        address=data["address"],
        name=data["holder"],
        amount=amount,
        reference=data["reference"],
        note=data["note"],
        category=data["category"],
    )


def pay_link(
    *, address: str, name: str, amount: Money, reference: str, note: str = "", category: str = ""
) -> str:
    """Return the `upi://pay` link. Raises ValueError for what the specification does not allow.

    pa: payee address, pn: payee name, mc: merchant category (ISO 18245), tr: our reference, which the bank
    tells back, tn: a note for the payer, am: the amount in rupees, cu: always INR.
    """
    if not ADDRESS.fullmatch(address) or amount.currency != RUPEES or amount.minor <= 0:
        raise ValueError("UPI pays a positive amount of rupees to an address like name@bank")
    if category and not CATEGORY.fullmatch(category):
        raise ValueError("a merchant category has four digits")
    if not 0 < len(reference) <= _REFERENCE_MAX or not reference.isalnum():
        raise ValueError("a UPI reference has at most 35 letters and digits")
    fields = {
        "pa": address,
        "pn": name[:_NAME_MAX],
        "mc": category,
        "tr": reference,
        "tn": note[:_NOTE_MAX],
        "am": f"{amount.major():.2f}",
        "cu": RUPEES,
    }
    return "upi://pay?" + "&".join(f"{id_}={quote(text, safe='@')}" for id_, text in fields.items() if text)
