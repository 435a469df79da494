"""PIX: a static BR Code with the amount and a txid of ours, and the notices of Banco Central's API Pix."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from stdnum.br import cnpj, cpf

from safar.kernel.money import Money
from safar.payments.books.reference import reference_of
from safar.payments.providers.by_hand import ByHand
from safar.payments.providers.pix.brcode import static_code
from safar.payments.providers.port import Charge

REAIS = "BRL"
_PHONE = re.compile(r"\+55[1-9][0-9]{9,10}")
_RANDOM = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}\.[^@\s]{1,63}")
_KEY_MAX = 77
# The payer's bank (ISPB), the minute in UTC, and eleven characters (API Pix, EndToEndId).
_END_TO_END = re.compile(r"E[0-9]{8}[0-9]{12}[0-9A-Za-z]{11}")
_ID = re.compile(r"[0-9A-Za-z]{10,60}")
_AMOUNT = re.compile(r"[0-9]{1,10}\.[0-9]{2}")
_PIX_MAX = 500
_PAYER_MAX = 100


class Pix(ByHand):
    """To the key that managers have registered at the shop's bank."""

    def __init__(self, details: Mapping[str, str], key: str) -> None:
        self._details, self._key = details, key

    def instructions(self, charge: Charge) -> Mapping[str, Any]:
        data = {
            "holder": self._details.get("holder", ""),
            "city": self._details.get("city", ""),
            "key": self._key,
            "reference": reference_of(charge.number),
        }
        return {**data, "code": code_for(data, Money(charge.amount_minor, charge.currency))}


def code_for(data: Mapping[str, Any], amount: Money) -> str:
    """Return the code that pays this amount to whom the charge was made for. Raises ValueError."""
    return static_code(
        key=data["key"], name=data["holder"], city=data["city"], amount=amount, txid=data["reference"]
    )


def pix_key(text: str) -> str:
    """Return a PIX key as the directory (DICT) writes it. Raises ValueError for what is no key.

    A CPF or CNPJ in digits, a phone in E.164, an e-mail in lower case, or a random key (UUID).
    """
    text = text.strip()
    if text.startswith("+"):
        phone = re.sub(r"[ ()-]", "", text)
        if _PHONE.fullmatch(phone):
            return phone
    elif "@" in text:
        if len(text) <= _KEY_MAX and _EMAIL.fullmatch(text):
            return text.lower()
    elif _RANDOM.fullmatch(text.lower()):
        return text.lower()
    elif cpf.is_valid(text):
        return str(cpf.compact(text))
    elif cnpj.is_valid(text):
        return str(cnpj.compact(text))
    raise ValueError("this is not a PIX key")


@dataclass(frozen=True, slots=True)
class PixReceived:
    """A PIX as the bank tells of it; `devolved`: (id, minor units) of what was given back of it.

    `payer`: who paid, as far as the bank says.
    """

    end_to_end_id: str
    txid: str
    amount_minor: int
    key: str
    devolved: tuple[tuple[str, int], ...]
    payer: str = ""

    @property
    def made_at(self) -> datetime | None:
        """Return the minute that its id names; None when it is not written as such an id is."""
        if not _END_TO_END.fullmatch(self.end_to_end_id):
            return None
        try:
            return datetime.strptime(self.end_to_end_id[9:21], "%Y%m%d%H%M").replace(tzinfo=UTC)
        except ValueError:
            return None


def received_in(body: Mapping[str, Any]) -> list[PixReceived]:
    """Return what a callback of API Pix tells. Raises ValueError when it is not one."""
    payments = body.get("pix")
    # Some banks send a single one bare.
    payments = [payments] if isinstance(payments, dict) else payments
    if not isinstance(payments, list) or len(payments) > _PIX_MAX:
        raise ValueError("this is no callback of API Pix")
    return [_received(payment) for payment in payments]


def _received(payment: Any) -> PixReceived:
    if not isinstance(payment, dict) or not _ID.fullmatch(str(payment.get("endToEndId"))):
        raise ValueError("a PIX has an endToEndId")
    texts = {name: str(payment.get(name) or "") for name in ("txid", "chave")}
    if any(len(text) > _KEY_MAX or not text.isprintable() for text in texts.values()):
        raise ValueError("a field of this PIX is too long")
    return PixReceived(
        payment["endToEndId"],
        texts["txid"],
        _minor(payment.get("valor")),
        texts["chave"],
        tuple(_devolved(payment.get("devolucoes"))),
        _payer(payment.get("pagador")),
    )


def _payer(payer: Any) -> str:
    """Return the payer's name and number, as some banks tell them."""
    if not isinstance(payer, dict):
        return ""
    words = " ".join(str(payer.get(name) or "") for name in ("nome", "cpf", "cnpj")).split()
    return "".join(filter(str.isprintable, " ".join(words)))[:_PAYER_MAX]


def _devolved(devolutions: Any) -> Iterator[tuple[str, int]]:
    for payment in [devolutions] if isinstance(devolutions, dict) else devolutions or ():
        if not isinstance(payment, dict):
            raise ValueError("a devolution is an object")
        if payment.get("status") == "DEVOLVIDO":
            yield (
                str(payment.get("rtrId") or payment.get("id") or "")[:_KEY_MAX],
                _minor(payment.get("valor")),
            )


def _minor(value: Any) -> int:
    """Return an amount as API Pix writes it, "129.90" and in no other way, in centavos."""
    if not isinstance(value, str) or not _AMOUNT.fullmatch(value) or not float(value):
        raise ValueError("an amount of API Pix is positive, with two decimals")
    return int(value.replace(".", ""))
