"""Addresses that only an order's customer gets: its page, the way to the payment, and back from there."""

from uuid import UUID

from safar.kernel.context import Context
from safar.kernel.errors import BadRequest, NotFound

_SIGNED_CHARACTERS_MAX = 200


def link_of(context: Context, order_id: UUID) -> str:
    """Return the address of the order's page that only its customer gets."""
    return context.settings.public_url + path_of(context, order_id)


def path_of(context: Context, order_id: UUID) -> str:
    return "/orders/" + context.vault.sign("order", order_id.hex)


def path_to_pay(context: Context, order_id: UUID) -> str:
    """Return the page that leads to the provider's, for an order that is paid there."""
    return "/pay/" + context.vault.sign("order", order_id.hex)


def link_back(context: Context, order_id: UUID) -> str:
    """Return where a provider's page sends the customer after paying."""
    return f"{context.settings.public_url}{path_to_pay(context, order_id)}/back"


def order_of(context: Context, signed: str) -> UUID:
    """Return the order of a signed link. Raises NotFound for a forged one."""
    if len(signed) > _SIGNED_CHARACTERS_MAX:
        raise NotFound
    try:
        return UUID(context.vault.unsign("order", signed))
    except (BadRequest, ValueError, AttributeError, TypeError):
        raise NotFound from None
