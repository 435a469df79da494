"""The reference that a payer gives: an ISO 11649 creditor reference of the order's number.

"RF" and two check digits (ISO 7064, mod 97-10) before the number: banks check it in a structured transfer,
it fits the 25 letters and digits of a PIX txid and the 35 of a UPI transaction reference, and a mistyped one
is noticed instead of paying somebody else's order.
"""

import re

from stdnum import iso11649
from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_97_10

from safar.kernel.text import ascii_digits

_REFERENCE = re.compile(r"RF[0-9]{2}[0-9]{1,18}")
_IN_TEXT = re.compile(r"RF[ .-]?[0-9][0-9 .-]{2,40}")


def reference_of(number: int) -> str:
    return f"RF{mod_97_10.calc_check_digits(f'{number}RF')}{number}"


def spaced(reference: str) -> str:
    """Return it as people write it, in groups of four."""
    return str(iso11649.format(reference))


def number_in(text: str) -> int | None:
    """Return the order's number from the first whole reference in what a payer wrote, or None."""
    for candidate in _IN_TEXT.findall(ascii_digits(text).upper()):
        compact = re.sub(r"[^A-Z0-9]", "", candidate)
        for end in range(len(compact), 4, -1):
            number = _number(compact[:end])
            if number is not None:
                return number
    return None


def _number(reference: str) -> int | None:
    if not _REFERENCE.fullmatch(reference):
        return None
    try:
        iso11649.validate(reference)
    except ValidationError:
        return None
    return int(reference[4:])
