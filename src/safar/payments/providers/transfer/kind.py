"""Bank transfer, as it is registered."""

from stdnum import bic, iban

from safar.kernel.i18n import N_, _
from safar.kernel.web.forms import Fields
from safar.payments.books.names import TRANSFER
from safar.payments.providers.kind import Input, Means, ProviderKind
from safar.payments.providers.transfer.provider import BankTransfer, epc_code


def _iban(text: str) -> str:
    return str(iban.validate(text))


def _bic(text: str) -> str:
    return str(bic.validate(text))


def _check(fields: Fields, details: dict[str, str], _secrets: dict[str, str]) -> None:
    if not details.get("iban") and not details.get("account"):
        fields.problems.setdefault("iban", _("An IBAN or an account is needed."))


KIND = ProviderKind(
    TRANSFER,
    N_("Bank transfer"),
    N_("You get our account and a reference; the goods leave when the money is there."),
    make=lambda _context, way: BankTransfer(way.details),
    inputs=(
        Input("holder", N_("Name of the account holder"), required=True, length_max=70),
        Input("iban", "IBAN", N_("With it, payers in euros get a code to scan."), check=_iban),
        Input("bic", "BIC", check=_bic),
        Input(
            "account", N_("Account, where there is no IBAN"), N_("Sort code and number, or what is usual."),
        ),
        Input("bank", N_("Bank")),
    ),
    needs=("holder",),
    complete=lambda way: bool(way.details.get("iban") or way.details.get("account")),
    check=_check,
    means=lambda data, missing: Means(qr=epc_code(data, missing)),
    slow=True,
    hold_minutes=lambda settings: settings.hold_days_transfer * 24 * 60,
    hold_minutes_unproven=lambda settings: settings.hold_hours_transfer_unproven * 60,
)  # fmt: skip
