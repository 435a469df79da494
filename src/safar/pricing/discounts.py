"""Discount codes as they stand, and the capacity accounts that their uses are."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from safar.capacity import actions as ledger
from safar.customers.identify import mailbox_of
from safar.kernel.database import Connection, rows
from safar.kernel.ids import derived_id
from safar.kernel.text import ascii_digits
from safar.pricing.model import Discount, DiscountReason
from safar.pricing.rules import QUERIES

# Kinds of accounts.
USES_OF_CODE = "discount"
USES_OF_CUSTOMER = "discount_customer"
_KINDS = [USES_OF_CODE, USES_OF_CUSTOMER]


@dataclass(frozen=True, slots=True)
class Use:
    """An order that wants to use a code; the customer is whoever reads the mailbox, not how it is written.

    `proven`: they have shown that they read it. What a stranger used up by typing an address is not theirs.
    """

    order_id: UUID
    discount: Discount
    email: str
    proven: bool = False


def plain_code(text: str) -> str:
    """Return a code as it is kept: in capitals and in digits 0-9, without spaces."""
    return "".join(ascii_digits(unicodedata.normalize("NFKC", text)).split()).upper()


async def discounts(connection: Connection, codes: Iterable[str]) -> dict[str, Discount]:
    """Return those of the codes that exist, by their plain form."""
    wanted = sorted({plain_code(code) for code in codes} - {""})
    if not wanted:
        return {}
    known = await rows(Discount, connection, QUERIES["discounts"], {"codes": wanted})
    return {discount.code: discount for discount in known}


async def accounts_of_uses(
    connection: Connection, uses: Sequence[Use]
) -> dict[UUID, dict[int, DiscountReason]]:
    """Return, for each order, the accounts of which it has to hold one unit, and what each means when empty.

    The code's own account when its uses are limited (USED_UP), and the customer's account with this code
    when everyone has one use (USED_BEFORE), opened here at the first.
    """
    keys = {use.order_id: _key(use) for use in uses if use.discount.customers_once}
    opened = (
        await ledger.open_many(connection, USES_OF_CUSTOMER, dict.fromkeys(keys.values(), 1)) if keys else {}
    )
    accounts: dict[UUID, dict[int, DiscountReason]] = {use.order_id: {} for use in uses}
    for use in uses:
        if use.discount.account_id is not None:
            accounts[use.order_id][use.discount.account_id] = DiscountReason.USED_UP
        if use.order_id in keys:
            accounts[use.order_id][opened[keys[use.order_id]]] = DiscountReason.USED_BEFORE
    return accounts


async def give_uses_back(connection: Connection, hold_ids: Sequence[UUID]) -> None:
    """Give back the uses that holds took for good, of orders that are cancelled just now.

    The caller has locked the accounts of the holds, and does it once: it changes nothing of the holds.
    """
    params = {"hold_ids": list(hold_ids), "kinds": _KINDS}
    taken = await rows(ledger.OnHandChange, connection, QUERIES["uses_taken"], params)
    if taken:
        await ledger.change_many(connection, taken)


async def uses_left(connection: Connection, hold_id: UUID) -> dict[int, int]:
    """Return what a hold that has ended had of uses, by account, as far as it can be held again.

    The caller has locked the accounts of the hold.
    """
    params = {"hold_id": hold_id, "kinds": _KINDS}
    uses = await rows(ledger.OnHandChange, connection, QUERIES["uses_left"], params)
    return {use.account_id: use.quantity for use in uses}


def _key(use: Use) -> str:
    """Return the account's key: nothing personal lies in the ledger."""
    parts = ("discount", use.discount.code, mailbox_of(use.email))
    return str(derived_id(*parts) if use.proven else derived_id(*parts, "not proven"))
