"""The code for a transfer in euros, as the European Payments Council writes it."""

from decimal import Decimal

from safar.kernel.money import Money
from safar.payments.providers.transfer.provider import epc_code


def test_an_epc_code_has_the_lines_of_epc069_12() -> None:
    data = {"holder": "Red Cross", "iban": "BE72000000001616", "bic": "BPOTBEB1", "reference": "RF7210001"}
    code = epc_code(data, Money(1230, "EUR"))
    assert code is not None
    assert code.error == "M"
    assert int(code.version) <= 13
    from segno.helpers import make_epc_qr

    same = make_epc_qr(
        "Red Cross",
        "BE72000000001616",
        Decimal("12.30"),
        reference="RF7210001",
        bic="BPOTBEB1",
        encoding="utf-8",
    )
    assert code.matrix == same.matrix
    assert epc_code(data, Money(1230, "GBP")) is None
    assert epc_code({**data, "iban": ""}, Money(1230, "EUR")) is None
