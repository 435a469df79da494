"""BR Code: the text in a PIX QR code, by Banco Central do Brasil's "Manual de Padrões para Iniciação do Pix".

It is an EMV merchant-presented code (EMV QRCPS MPM): fields of two digits for the id, two for the length,
and the value, closed by a CRC-16/CCITT-FALSE over everything before it, its own id and length included.
"""

import binascii
import unicodedata

from safar.kernel.money import Money

_GUI = "br.gov.bcb.pix"
_NO_TXID = "***"
_NAME_MAX, _CITY_MAX, _TXID_MAX, _VALUE_MAX, _ACCOUNT_MAX = 25, 15, 25, 99, 99
_REAIS, _CURRENCY_NUMBER = "BRL", "986"


def static_code(
    *, key: str, name: str, city: str, amount: Money | None = None, txid: str = "", note: str = ""
) -> str:
    """Return the code that pays the holder of `key`; with an amount it is the one that is paid.

    `txid`: up to 25 letters and digits, told back with the payment. Raises ValueError for what does not fit.
    """
    if not key or (txid and not (txid.isascii() and txid.isalnum() and len(txid) <= _TXID_MAX)):
        raise ValueError("a static code needs a key, and a txid of at most 25 letters and digits")
    if amount is not None and (amount.currency != _REAIS or amount.minor <= 0):
        raise ValueError("PIX pays a positive amount of reais")
    fields = [
        _field("00", "01"),
        _field("26", _account(key, note)),
        _field("52", "0000"),
        _field("53", _CURRENCY_NUMBER),
        _field("54", f"{amount.major():.2f}") if amount else "",
        _field("58", "BR"),
        _field("59", _plain(name)[:_NAME_MAX].strip()),
        _field("60", _plain(city)[:_CITY_MAX].strip()),
        _field("62", _field("05", txid or _NO_TXID)),
        "6304",
    ]
    text = "".join(fields)
    return text + crc(text)


def _account(key: str, note: str) -> str:
    """Return whom to pay, with as much of the note as there is room for."""
    account = _field("00", _GUI) + _field("01", key)
    room = _ACCOUNT_MAX - len(account) - 4
    message = _plain(note)[: max(room, 0)].strip()
    return account + _field("02", message) if message else account


def crc(text: str) -> str:
    """Return the CRC-16/CCITT-FALSE (polynomial 0x1021, from 0xFFFF) as four hexadecimal digits."""
    return f"{binascii.crc_hqx(text.encode(), 0xFFFF):04X}"


def _field(id_: str, value: str) -> str:
    if not 0 < len(value) <= _VALUE_MAX:
        raise ValueError(f"field {id_} has {len(value)} characters: 1 to 99 fit")
    return f"{id_}{len(value):02}{value}"


def _plain(text: str) -> str:
    """Return `text` without accents: readers differ in how they count what is not ASCII."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return " ".join("".join(character for character in plain if character.isprintable()).split())
