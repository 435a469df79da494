"""PIX codes, keys and callbacks, as their publishers write them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.kernel.money import Money
from safar.payments.books.reference import reference_of
from safar.payments.providers.pix.brcode import crc, static_code
from safar.payments.providers.pix.provider import PixReceived, pix_key, received_in
from tests.stage.brcode import fields_of, parts_of

# Banco Central do Brasil, "Manual do BR Code": the static and the dynamic example.
STATIC = (
    "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-426655440000"
    "5204000053039865802BR5913Fulano de Tal6008BRASILIA62070503***63041D3D"
)
DYNAMIC = (
    "00020101021226700014br.gov.bcb.pix2548pix.example.com/8b3da2f39a4140d1a91abd93113bd441"
    "5204000053039865802BR5913Fulano de Tal6008BRASILIA62070503***630464E4"
)
# starkbank/sdk-node, tests: a random key with an amount and a txid, as Brazilian banks read it.
WITH_AMOUNT = (
    "00020126580014br.gov.bcb.pix0136a629532e-7693-4846-852d-1bbff817b5a8520400005303986540510.00"
    "5802BR5908T'Challa6009Sao Paulo62090505123456304B14A"
)
# gist.github.com/matheusb-comp/1efa205b3c0ffd7af1e8ce63a10e02dc
DYNAMIC_TOO = (
    "00020101021226770014BR.GOV.BCB.PIX2555pix.example.com/qr/93598be0-1bd0-4997-8318-81776a1d8a99"
    "5204000053039865802BR5907EMPRESA6009SAO PAULO62070503***6304EEAB"
)
_WHOLE = {"endToEndId": "E12345678202009091221kkkkkkkkkkk", "valor": "1.00"}


def test_the_static_code_is_that_of_the_central_bank() -> None:
    key = "123e4567-e12b-12d1-a456-426655440000"
    assert static_code(key=key, name="Fulano de Tal", city="BRASILIA") == STATIC


def test_a_code_with_amount_and_reference_is_that_of_a_brazilian_bank() -> None:
    key = "a629532e-7693-4846-852d-1bbff817b5a8"
    code = static_code(key=key, name="T'Challa", city="Sao Paulo", amount=Money(1000, "BRL"), txid="12345")
    assert code == WITH_AMOUNT


def test_the_checksum_is_that_of_codes_in_the_wild() -> None:
    for code in (STATIC, DYNAMIC, WITH_AMOUNT, DYNAMIC_TOO):
        assert crc(code[:-4]) == code[-4:]
        assert fields_of(code)["58"] == "BR"
    assert crc("123456789") == "29B1"  # the check value of CRC-16/CCITT-FALSE


def test_a_code_carries_amount_reference_and_note() -> None:
    code = static_code(
        key="maria@loja.example",
        name="Açaí & Cia. São João do Norte Ltda",
        city="São José dos Campos",
        amount=Money(123456, "BRL"),
        txid="RF7210001",
        note="Pedido 10001",
    )
    fields = fields_of(code)
    assert (fields["54"], fields["53"], fields["58"]) == ("1234.56", "986", "BR")
    assert (fields["59"], fields["60"]) == ("Acai & Cia. Sao Joao do N", "Sao Jose dos Ca")
    assert dict(parts_of(fields["62"])) == {"05": "RF7210001"}
    assert dict(parts_of(fields["26"])) == {
        "00": "br.gov.bcb.pix",
        "01": "maria@loja.example",
        "02": "Pedido 10001",
    }


@given(st.text(max_size=60), st.text(max_size=60), st.integers(1, 10**11), st.integers(1, 10**9))
def test_whatever_the_shop_is_called_its_code_is_whole(name: str, city: str, minor: int, number: int) -> None:
    code = static_code(
        key="a@b.example",
        name=f"A{name}",
        city=f"B{city}",
        amount=Money(minor, "BRL"),
        txid=reference_of(number),
        note=name,
    )
    fields = fields_of(code)
    assert code.isascii()
    assert Decimal(fields["54"]) == Decimal(minor) / 100
    assert len(fields["26"]) <= 99


@pytest.mark.parametrize("broken", [STATIC[:-1], STATIC.replace("Tal", "Mal"), "", "6304", "x" * 40])
def test_a_code_that_is_not_whole_is_refused(broken: str) -> None:
    with pytest.raises(ValueError, match="whole"):
        fields_of(broken)


@pytest.mark.parametrize(
    "wrong",
    [
        {"txid": "has space"}, {"txid": "x" * 26}, {"txid": "ü"}, {"key": ""},
        {"amount": Money(100, "EUR")}, {"amount": Money(0, "BRL")}, {"name": "山"},
    ],
)  # fmt: skip
def test_what_does_not_fit_a_code_is_refused(wrong: dict[str, object]) -> None:
    right = {"key": "a@b.example", "name": "A", "city": "B"}
    with pytest.raises(ValueError):  # noqa: PT011 - each says something else
        static_code(**{**right, **wrong})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("+55 (11) 94321-4321", "+5511943214321"),
        ("Maria@Loja.Example", "maria@loja.example"),
        ("123.456.789-09", "12345678909"),
        ("11.222.333/0001-81", "11222333000181"),
        ("123E4567-E12B-12D1-A456-426655440000", "123e4567-e12b-12d1-a456-426655440000"),
        ("123.456.789-00", None), ("+4915112345678", None), ("", None), ("loja", None), ("a@b", None),
    ],
)  # fmt: skip
def test_a_pix_key_is_checked_and_written_as_the_directory_has_it(typed: str, key: str | None) -> None:
    if key is None:
        with pytest.raises(ValueError, match="PIX key"):
            pix_key(typed)
    else:
        assert pix_key(typed) == key


def test_a_callback_of_api_pix_is_read_as_published() -> None:
    # The example of the API Pix specification (bacen/pix-api), with a devolution.
    body = {
        "pix": [
            {
                "endToEndId": "E12345678202009091221kkkkkkkkkkk",
                "txid": "c3e0e7a4e7f1469a9f782d3d4999343c",
                "chave": "2",
                "valor": "110.00",
                "horario": "2020-09-09T20:15:00.358Z",
                "infoPagador": "0",
                "devolucoes": [
                    {
                        "id": "123ABC",
                        "rtrId": "D12345678202009091221abcdf098765",
                        "valor": "10.00",
                        "horario": {"solicitacao": "2020-09-09T20:15:00.358Z"},
                        "status": "EM_PROCESSAMENTO",
                    },
                    {"id": "124ABC", "rtrId": "D1", "valor": "5.50", "horario": {}, "status": "DEVOLVIDO"},
                ],
            }
        ]
    }
    assert received_in(body) == [
        PixReceived(
            "E12345678202009091221kkkkkkkkkkk", "c3e0e7a4e7f1469a9f782d3d4999343c", 11000, "2", (("D1", 550),)
        )
    ]


@pytest.mark.parametrize(
    "body",
    [
        {}, {"pix": "x"}, {"pix": [1]}, {"pix": [{}]}, {"pix": [{**_WHOLE, "valor": "-1"}]},
        {"pix": [{**_WHOLE, "valor": "NaN"}]}, {"pix": [{**_WHOLE, "valor": None}]},
        {"pix": [{**_WHOLE, "endToEndId": "x'; --"}]}, {"pix": [{**_WHOLE, "txid": "x" * 500}]},
        {"pix": [{**_WHOLE, "valor": "1e30"}]}, {"pix": [{**_WHOLE, "valor": "1.005"}]},
        {"pix": [{**_WHOLE, "valor": 1.0}]}, {"pix": [{**_WHOLE, "valor": "0.00"}]},
        {"pix": [{**_WHOLE, "valor": "1,00"}]}, {"pix": [{**_WHOLE, "devolucoes": ["x"]}]},
        {"pix": [_WHOLE] * 501},
    ],
)  # fmt: skip
def test_a_callback_that_is_none_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        received_in(body)
