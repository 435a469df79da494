"""Through what an order was sold: the shop, a campaign's mail, or somebody of the staff."""

from safar.kernel.i18n import N_
from safar.orders.model import Order

CHANNELS = {
    "shop": N_("Online shop"),
    "campaign": N_("Campaign"),
    "staff": N_("Phone or counter"),
}


def channel_of(order: Order) -> str:
    """Return the name of the channel, to be translated."""
    if order.taken_by is not None:
        return CHANNELS["staff"]
    return CHANNELS["campaign" if order.campaign_id else "shop"]
