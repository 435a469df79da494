"""Addresses that only an order's customer gets: its page, the way to the payment, and back from there.

There are two kinds. The link in a mail is sent to the order's address and nowhere else: whoever opens it has
shown that they read that mailbox. The link that a browser gets after ordering shows that it is the order's,
and nothing about a mailbox. Both carry when they were made, so that they end.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.errors import BadRequest, NotFound

_SIGNED_CHARACTERS_MAX = 200
_SHOWN, _MAILED = "order", "order mail"


@dataclass(frozen=True, slots=True)
class OrderLink:
    """What a signed link says; `by_mail`: it was only ever sent to the order's address."""

    order_id: UUID
    made_at: datetime
    by_mail: bool


def order_link(context: Context, order_id: UUID) -> str:
    """Return the order's page for a mail to the order's address; it goes nowhere else."""
    return f"{context.settings.public_url}/orders/{_signed(context, _MAILED, order_id)}"


def link_shown(context: Context, order_id: UUID, made_at: datetime | None = None) -> str:
    """Return the order's page for whoever has ordered, or has opened it; made now, or at `made_at`."""
    return context.settings.public_url + path_of(context, order_id, made_at)


def path_of(context: Context, order_id: UUID, made_at: datetime | None = None) -> str:
    return f"/orders/{_signed(context, _SHOWN, order_id, made_at)}"


def path_to_pay(context: Context, order_id: UUID, made_at: datetime | None = None) -> str:
    """Return the page that leads to the provider's, for an order that is paid there."""
    return f"/pay/{_signed(context, _SHOWN, order_id, made_at)}"


def link_back(context: Context, order_id: UUID, made_at: datetime) -> str:
    """Return where a provider's page sends the customer after paying."""
    return f"{context.settings.public_url}{path_to_pay(context, order_id, made_at)}/back"


def read_link(context: Context, signed: str) -> OrderLink:
    """Return what a signed link says. Raises NotFound for a forged one."""
    if len(signed) <= _SIGNED_CHARACTERS_MAX:
        for purpose in (_SHOWN, _MAILED):
            with suppress(BadRequest, ValueError, TypeError, OverflowError):
                order_id, made_at = context.vault.unsign(purpose, signed)
                return OrderLink(UUID(order_id), datetime.fromtimestamp(made_at, UTC), purpose == _MAILED)
    raise NotFound


def _signed(context: Context, purpose: str, order_id: UUID, made_at: datetime | None = None) -> str:
    return context.vault.sign(purpose, [order_id.hex, int((made_at or clock.now()).timestamp())])
