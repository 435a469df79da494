"""UPI links, as NPCI writes them."""

from urllib.parse import parse_qs, urlsplit

import pytest

from safar.kernel.money import Money
from safar.payments.providers.upi.provider import pay_link


def test_a_upi_link_says_what_npcis_example_says() -> None:
    # The example of the linking specification, without the fields that only a payer's app fills in.
    example = (
        "upi://pay?pa=nadeem@npci&pn=nadeem%20chinna&mc=0000&tid=cxnkjcnkjdfdvjndkjfvn&tr=4894398cndhcd23"
        "&tn=Pay%20to%20mystar%20store&am=10&mam=null&cu=INR&url=https://mystar.com/orderid=9298yw89e8973e87389e78923ue892"
    )
    ours = pay_link(
        address="nadeem@npci",
        name="nadeem chinna",
        amount=Money(1000, "INR"),
        reference="4894398cndhcd23",
        note="Pay to mystar store",
        category="0000",
    )
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
