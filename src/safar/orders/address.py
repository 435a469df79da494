"""Where an order goes, as it is shown and printed."""

from safar.orders.model import Order
from safar.pricing.places import country_name


def address_of(order: Order) -> str:
    """Return where an order goes, line by line, the country in the language in force."""
    place = " ".join(part for part in (order.postcode, order.city) if part)
    lines = [*order.address.splitlines(), place, country_name(order.country) if order.country else ""]
    return "\n".join(line.strip() for line in lines if line.strip())
