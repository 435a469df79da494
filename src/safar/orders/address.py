"""Where an order goes and who is billed for it, as it is shown and printed."""

from safar.kernel.i18n import _
from safar.orders.billing import billing_of
from safar.orders.model import Order
from safar.pricing.addresses import formatted
from safar.pricing.places import country_name


def address_of(order: Order) -> str:
    """Return where an order goes, line by line, as addresses are written there."""
    return _lines(order.address, order.city, order.postcode, order.region, order.country)


def billing_lines(order: Order) -> str:
    """Return who is billed and where, line by line: as the order goes, but for what was given besides."""
    billing = billing_of(order.billing)
    name = billing.name or order.name
    where = address_of(order)
    if billing.has_address:
        where = _lines(
            billing.address, billing.city, billing.postcode, billing.region, billing.country or order.country
        )
    tax = _("Tax number: %(number)s", number=billing.tax_number) if billing.tax_number else ""
    return "\n".join(filter(None, (billing.company, name, where, tax)))


def _lines(address: str, city: str, postcode: str, region: str, country: str) -> str:
    """Return an address with its country in the language in force."""
    lines = formatted(country, address=address, city=city, postcode=postcode, region=region)
    return "\n".join([*lines, country_name(country)] if country else lines)
