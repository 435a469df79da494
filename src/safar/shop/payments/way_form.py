"""What a manager fills in for each way to pay, and how it is checked."""

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from babel.numbers import is_currency
from phonenumbers import SUPPORTED_REGIONS
from stdnum import bic, iban
from stdnum.exceptions import ValidationError

from safar.kernel import clock
from safar.kernel.i18n import N_, _
from safar.kernel.web.forms import Fields
from safar.shop.payments.brcode import static_code
from safar.shop.payments.model import Configured
from safar.shop.payments.pix import key_of
from safar.shop.payments.port import CASH, PIX, STRIPE, TEST_CARD, TRANSFER, UPI
from safar.shop.payments.upi import ADDRESS, CATEGORY

_LIST_MAX = 40
TOKEN_OVERLAP = timedelta(days=3)


def _iban(text: str) -> str:
    return str(iban.validate(text))


def _bic(text: str) -> str:
    return str(bic.validate(text))


def _matching(pattern: re.Pattern[str]) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError
        return text

    return check


@dataclass(frozen=True, slots=True)
class Input:
    """One field: `check` returns the value as it is kept, or raises ValueError (and then `wrong` is told)."""

    name: str
    label: str
    hint: str | None = None
    required: bool = False
    secret: bool = False
    check: Callable[[str], str] | None = None
    wrong: str = N_("This is not written as it should be.")
    length_max: int = 200


_HOLDER = Input("holder", N_("Name of the account holder"), required=True, length_max=70)
INPUTS: Mapping[str, tuple[Input, ...]] = {
    CASH: (
        Input(
            "most", N_("Highest total that is paid this way"),
            N_("A whole amount in the shop's currency. Dearer orders are paid another way."),
            required=True, check=_matching(re.compile(r"[0-9]{1,12}")),
        ),
    ),
    TEST_CARD: (),
    TRANSFER: (
        _HOLDER,
        Input("iban", "IBAN", N_("With it, payers in euros get a code to scan."), check=_iban),
        Input("bic", "BIC", check=_bic),
        Input(
            "account", N_("Account, where there is no IBAN"), N_("Sort code and number, or what is usual."),
        ),
        Input("bank", N_("Bank")),
    ),
    PIX: (
        Input(
            "holder", N_("Name of the receiver"), N_("In Latin letters; 25 of them are shown."),
            required=True,
        ),
        Input("city", N_("City"), required=True),
        Input(
            "key", N_("PIX key"), N_("CPF, CNPJ, phone (+55…), e-mail or random key."),
            required=True, secret=True, check=key_of, wrong=N_("This is no PIX key."),
        ),
        Input(
            "signing", N_("Secret that signs notices"),
            N_("Where the bank, or a relay of yours, sends X-Signature: HMAC-SHA256 of the body in hex."),
            secret=True, check=_matching(re.compile(r"[!-~]{16,200}")),
            wrong=N_("At least 16 characters, without spaces."),
        ),
    ),
    UPI: (
        Input("holder", N_("Name of the receiver"), required=True, length_max=99),
        Input(
            "address", N_("UPI address"), N_("Such as name@bank."), required=True, check=_matching(ADDRESS),
            wrong=N_("A UPI address looks like name@bank."),
        ),
        Input(
            "category", N_("Merchant category"), N_("Four digits, from your bank."),
            check=_matching(CATEGORY),
        ),
    ),
    STRIPE: (
        Input(
            "secret_key", N_("Secret key"), N_("Begins with sk_ or rk_."), required=True, secret=True,
            check=_matching(re.compile(r"(sk|rk)_[A-Za-z0-9_]{5,250}")), length_max=300,
        ),
        Input(
            "webhook_secret", N_("Signing secret of the webhook"), N_("Begins with whsec_."), required=True,
            secret=True, check=_matching(re.compile(r"whsec_[A-Za-z0-9+/=_-]{5,250}")), length_max=300,
        ),
    ),
}  # fmt: skip


def read_way(fields: Fields, provider: str, before: Configured | None) -> Configured:
    """Return what was filled in; a secret that is left empty stays as it is. Problems stay in `fields`."""
    details, kept = {}, dict(before.secrets) if before else {}
    for field in INPUTS[provider]:
        known = field.secret and field.name in kept
        text = fields.text(field.name, length_max=field.length_max, required=field.required and not known)
        value = _checked(fields, field, text)
        if field.secret and value:
            kept[field.name] = value
        elif not field.secret and value:
            details[field.name] = value
    if provider == PIX:
        _check_pix(fields, details, kept)
        _renew(kept, wanted="renew" in fields.values)
    if provider == TRANSFER and not details.get("iban") and not details.get("account"):
        fields.problems.setdefault("iban", _("An IBAN or an account is needed."))
    return Configured(
        provider, "enabled" in fields.values,
        _codes(fields, "currencies", lambda code: bool(is_currency(code))),
        _codes(fields, "countries", lambda code: code in SUPPORTED_REGIONS), details, kept,
    )  # fmt: skip


def _renew(kept: dict[str, str], *, wanted: bool) -> None:
    """Make the secret address that notices come to; the one before works for a while longer."""
    if "token" in kept and not wanted:
        return
    if "token" in kept:
        kept["token_before"] = kept["token"]
        kept["token_until"] = (clock.now() + TOKEN_OVERLAP).isoformat()
    kept["token"] = secrets.token_urlsafe(24)


def _checked(fields: Fields, field: Input, text: str) -> str:
    if not text or field.name in fields.problems or field.check is None:
        return text
    try:
        return field.check(text)
    except (ValueError, ValidationError):
        fields.problems[field.name] = _(field.wrong)
        return ""


def _check_pix(fields: Fields, details: Mapping[str, str], kept: Mapping[str, str]) -> None:
    for name in ("holder", "city"):
        if name in fields.problems:
            continue
        try:
            static_code(key=kept.get("key", "x"), name=details[name], city="X")
        except ValueError:
            fields.problems[name] = _("This needs Latin letters.")


def _codes(fields: Fields, name: str, known: Callable[[str], bool]) -> tuple[str, ...]:
    text = fields.text(name, length_max=300, required=False).upper()
    codes = tuple(dict.fromkeys(re.findall(r"[^\s,;]+", text)))
    wrong = [code for code in codes if not known(code)]
    if wrong or len(codes) > _LIST_MAX:
        fields.problems.setdefault(name, _("We do not know %(code)s.", code=(wrong or codes)[0][:20]))
    return codes
