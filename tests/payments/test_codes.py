"""Codes and references by their standards, held against published examples."""

from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.kernel.money import Money
from safar.shop.payments.brcode import crc, fields_of, parts_of, static_code
from safar.shop.payments.pix import PixReceived, key_of, received_in
from safar.shop.payments.reference import number_in, reference_of, spaced
from safar.shop.payments.stripe_money import from_stripe, step_of, to_stripe
from safar.shop.payments.transfer import epc_code
from safar.shop.payments.upi import pay_link

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
        key="maria@loja.example", name="Açaí & Cia. São João do Norte Ltda", city="São José dos Campos",
        amount=Money(123456, "BRL"), txid="RF7210001", note="Pedido 10001",
    )  # fmt: skip
    fields = fields_of(code)
    assert (fields["54"], fields["53"], fields["58"]) == ("1234.56", "986", "BR")
    assert (fields["59"], fields["60"]) == ("Acai & Cia. Sao Joao do N", "Sao Jose dos Ca")
    assert dict(parts_of(fields["62"])) == {"05": "RF7210001"}
    assert dict(parts_of(fields["26"])) == {
        "00": "br.gov.bcb.pix", "01": "maria@loja.example", "02": "Pedido 10001",
    }  # fmt: skip


@given(st.text(max_size=60), st.text(max_size=60), st.integers(1, 10**11), st.integers(1, 10**9))
def test_whatever_the_shop_is_called_its_code_is_whole(name: str, city: str, minor: int, number: int) -> None:
    code = static_code(
        key="a@b.example", name=f"A{name}", city=f"B{city}", amount=Money(minor, "BRL"),
        txid=reference_of(number), note=name,
    )  # fmt: skip
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
            key_of(typed)
    else:
        assert key_of(typed) == key


def test_a_callback_of_api_pix_is_read_as_published() -> None:
    # The example of the API Pix specification (bacen/pix-api), with a devolution.
    body = {
        "pix": [
            {
                "endToEndId": "E12345678202009091221kkkkkkkkkkk", "txid": "c3e0e7a4e7f1469a9f782d3d4999343c",
                "chave": "2", "valor": "110.00", "horario": "2020-09-09T20:15:00.358Z", "infoPagador": "0",
                "devolucoes": [
                    {
                        "id": "123ABC", "rtrId": "D12345678202009091221abcdf098765", "valor": "10.00",
                        "horario": {"solicitacao": "2020-09-09T20:15:00.358Z"}, "status": "EM_PROCESSAMENTO",
                    },
                    {"id": "124ABC", "rtrId": "D1", "valor": "5.50", "horario": {}, "status": "DEVOLVIDO"},
                ],
            }
        ]
    }  # fmt: skip
    assert received_in(body) == [
        PixReceived(
            "E12345678202009091221kkkkkkkkkkk", "c3e0e7a4e7f1469a9f782d3d4999343c", 11000, "2", (("D1", 550),)
        )
    ]


_WHOLE = {"endToEndId": "E12345678202009091221kkkkkkkkkkk", "valor": "1.00"}


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


def test_a_upi_link_says_what_npcis_example_says() -> None:
    # The example of the linking specification, without the fields that only a payer's app fills in.
    example = (
        "upi://pay?pa=nadeem@npci&pn=nadeem%20chinna&mc=0000&tid=cxnkjcnkjdfdvjndkjfvn&tr=4894398cndhcd23"
        "&tn=Pay%20to%20mystar%20store&am=10&mam=null&cu=INR&url=https://mystar.com/orderid=9298yw89e8973e87389e78923ue892"
    )
    ours = pay_link(
        address="nadeem@npci", name="nadeem chinna", amount=Money(1000, "INR"), reference="4894398cndhcd23",
        note="Pay to mystar store", category="0000",
    )  # fmt: skip
    assert ours.startswith("upi://pay?pa=nadeem@npci&pn=nadeem%20chinna&mc=0000&tr=4894398cndhcd23&")
    told, published = parse_qs(urlsplit(ours).query), parse_qs(urlsplit(example).query)
    assert told.pop("am") == ["10.00"]
    assert told == {name: published[name] for name in ("pa", "pn", "mc", "tr", "tn", "cu")}


def test_a_upi_link_keeps_every_character_in_its_place() -> None:
    link = pay_link(
        address="shop.one@okbank",
        name="दुकान & Sons=?#",
        amount=Money(5, "INR"),
        reference="RF7210001",
        note="a+b%",
    )
    told = parse_qs(urlsplit(link).query)
    assert (told["pn"], told["tn"], told["am"]) == (["दुकान & Sons=?#"], ["a+b%"], ["0.05"])
    assert link.isascii()


@pytest.mark.parametrize(
    "wrong",
    [
        {"address": "no-bank"}, {"address": "a b@bank"}, {"amount": Money(100, "EUR")},
        {"amount": Money(0, "INR")}, {"category": "12"}, {"reference": ""}, {"reference": "a&b"},
    ],
)  # fmt: skip
def test_what_upi_does_not_allow_is_refused(wrong: dict[str, object]) -> None:
    right = {"address": "a1@bank", "name": "A", "amount": Money(100, "INR"), "reference": "R1"}
    with pytest.raises(ValueError):  # noqa: PT011
        pay_link(**{**right, **wrong})  # type: ignore[arg-type]


def test_an_epc_code_has_the_lines_of_epc069_12() -> None:
    data = {"holder": "Red Cross", "iban": "BE72000000001616", "bic": "BPOTBEB1", "reference": "RF7210001"}
    code = epc_code(data, Money(1230, "EUR"))
    assert code is not None
    assert code.error == "M"
    assert int(code.version) <= 13
    from segno.helpers import make_epc_qr

    same = make_epc_qr(
        "Red Cross", "BE72000000001616", "12.3", reference="RF7210001", bic="BPOTBEB1", encoding="utf-8"
    )
    assert code.matrix == same.matrix
    assert epc_code(data, Money(1230, "GBP")) is None
    assert epc_code({**data, "iban": ""}, Money(1230, "EUR")) is None


def test_a_reference_is_a_creditor_reference_of_iso_11649() -> None:
    from stdnum import iso11649

    assert iso11649.is_valid(reference_of(10001))
    assert iso11649.validate("RF18 5390 0754 7034") == "RF18539007547034"  # the standard's own example
    assert number_in("RF18 5390 0754 7034") == 539007547034


@given(st.integers(1, 10**15), st.sampled_from(["{}", "Order {} thanks", "ref:{}.", "\u2067{}"]))
def test_a_reference_is_found_in_what_people_write(number: int, text: str) -> None:
    for written in (reference_of(number), spaced(reference_of(number)), reference_of(number).lower()):
        assert number_in(text.format(written)) == number


@given(st.integers(1, 10**9), st.integers(0, 8), st.integers(1, 9))
def test_a_mistyped_digit_names_no_other_order(number: int, place: int, more: int) -> None:
    right = reference_of(number)
    at = 4 + place % (len(right) - 4)
    wrong = right[:at] + str((int(right[at]) + more) % 10) + right[at + 1 :]
    assert number_in(wrong) != int(wrong[4:])


@pytest.mark.parametrize("text", ["", "RF", "RF00", "10001", "RF72 abc", "RFRFRF", "٣٤"])
def test_what_is_no_reference_names_nothing(text: str) -> None:
    assert number_in(text) is None


@pytest.mark.parametrize(
    ("minor", "currency", "stripes"),
    [
        (1230, "EUR", 1230), (99, "JPY", 99), (500, "ISK", 50000), (700, "UGX", 70000), (1230, "BHD", 1230),
        (45000, "INR", 45000), (110, "KRW", 110),
    ],
)  # fmt: skip
def test_amounts_are_written_as_stripe_writes_them(minor: int, currency: str, stripes: int) -> None:
    assert to_stripe(Money(minor, currency)) == stripes
    assert from_stripe(stripes, currency) == minor


def test_a_fraction_that_stripe_does_not_take_is_refused() -> None:
    with pytest.raises(ValueError, match="fraction"):
        to_stripe(Money(1235, "BHD"))


@pytest.mark.finding("goods-J")
@given(st.integers(0, 10**9), st.sampled_from(["KWD", "BHD", "LYD", "EUR", "JPY", "ISK", "MGA", "IRR"]))
def test_the_step_tells_which_amounts_stripe_takes(minor: int, currency: str) -> None:
    if minor % step_of(currency) == 0:
        assert from_stripe(to_stripe(Money(minor, currency)), currency) == minor
    else:
        with pytest.raises(ValueError, match="fraction"):
            to_stripe(Money(minor, currency))
