"""What our own mail server says of a mail is believed, and nothing that others can write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.channels.authentication import is_authenticated
from safar.channels.returns import return_path, returned_message
from safar.kernel.ids import new_id
from safar.kernel.secrets import Vault

pytestmark = pytest.mark.finding("security-3")
US = "mx.safar.example"
ANN = "ann@customer.example"


EXCHANGE = (
    "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=example.com; dkim=pass (signature was verified)"
    " header.d=example.com;dmarc=pass action=none header.from=example.com;compauth=pass reason=100"
)


@pytest.mark.parametrize(
    ("headers", "believed"),
    [
        ([EXCHANGE], True),
        (["mx.google.com; dmarc=pass header.from=example.com"], True),
        ([EXCHANGE.replace("dmarc=pass", "dmarc=fail"), EXCHANGE], False),
        (["spf=fail smtp.mailfrom=example.com; dmarc=none", EXCHANGE], False),
        ([], False),
    ],
)
def test_where_the_receiver_gives_no_name_only_the_topmost_header_counts(
    headers: list[str], believed: bool
) -> None:
    """Exchange Online writes none; what a sender has forged stands below what the receiver has added."""
    assert is_authenticated(headers, "top", "ana@example.com") is believed
    assert not is_authenticated(headers, "mx.other.example", "ana@example.com")


@pytest.mark.parametrize(
    "result",
    [
        "dmarc=pass header.from=customer.example",
        "dmarc=pass (p=reject dis=none) header.from=Customer.Example",
        "spf=fail smtp.mailfrom=x@list.example; dmarc=pass header.from=customer.example",
        "dkim=pass (2048-bit key) header.d=customer.example header.i=@customer.example header.b=abc",
        "dkim=fail header.d=list.example; dkim=pass header.i=@customer.example",
        "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=bounces@customer.example; dmarc=none",
        "dmarc=none; dkim=pass header.d=example; spf=pass smtp.mailfrom=customer.example",
    ],
)
def test_an_aligned_pass_of_our_server_is_believed(result: str) -> None:
    assert is_authenticated([f"{US}; {result}"], US, ANN)
    assert is_authenticated([f"{US.upper()} 1; {result}", "other.example; dmarc=fail"], US, ANN)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        ["mx.safar.example.evil.example; dmarc=pass header.from=customer.example"],
        ["evil.example; dmarc=pass header.from=customer.example"],
        # Only the topmost of ours counts: what lies below it came with the mail.
        [f"{US}; dmarc=fail header.from=customer.example",
         f"{US}; dmarc=pass header.from=customer.example"],
        [f"{US}; none", f"{US}; dmarc=pass header.from=customer.example"],
        [f"{US}; dmarc=pass header.from=evil.example"],
        [f"{US}; dmarc=pass"],
        [f"{US}; dmarc=fail header.from=customer.example; dkim=pass header.d=customer.example"],
        [f"{US}; dkim=pass header.d=evil.example; spf=pass smtp.mailfrom=evil.example"],
        [f"{US}; dkim=pass header.d=deep.customer.example"],
        [f"{US}; dkim=pass header.d=notcustomer.example"],
        [f"{US}; dkim=pass header.d=example"],
        [f"{US}; dkim=fail header.d=customer.example; spf=softfail smtp.mailfrom=customer.example"],
        [f"{US}; spf=pass smtp.helo=customer.example"],
        [f"{US}; spf=none (dmarc=pass header.from=customer.example)"],
        [f'{US}; spf=none reason="; dmarc=pass header.from=customer.example"'],
        [f"{US}; x-dmarc=pass header.from=customer.example"],
        [f"({US}; evil.example; dmarc=pass header.from=customer.example"],
    ],
)  # fmt: skip
def test_nothing_else_is(headers: list[str]) -> None:
    assert not is_authenticated(headers, US, ANN)


def test_without_a_server_that_is_trusted_nobody_is_believed() -> None:
    assert not is_authenticated(["; dmarc=pass header.from=customer.example"], "", ANN)


@given(st.text(max_size=3000))
def test_whatever_a_header_holds_it_is_read(text: str) -> None:
    assert is_authenticated([text, f"{US};{text}"], US, "") is False
    is_authenticated([f"{US};{text}"], US, ANN)


def test_only_the_seal_of_the_same_mail_of_ours_proves_that_it_came_back() -> None:
    vault, message_id = Vault("a secret"), new_id()
    path = return_path(vault, message_id, "shop@safar.example")
    assert len(path.rpartition("@")[0]) <= 64
    assert path.endswith("@safar.example")
    assert returned_message(vault, ["shop@safar.example", path.upper()]) == message_id
    local = path.rpartition("@")[0]
    forged = [
        "shop@safar.example",
        f"bounce+{message_id.hex}@safar.example",
        f"{local[:-1]}@safar.example",
        local.replace(message_id.hex, new_id().hex) + "@safar.example",
        return_path(Vault("another"), message_id, "shop@safar.example"),
        "",
        "@",
        "bounce+-@x",
    ]
    assert returned_message(vault, forged) is None
