"""Who is billed for an order, as far as that is not simply who gets the goods."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Billing:
    """A company and its tax number, a name and an address; what is empty is as on the delivery."""

    company: str = ""
    tax_number: str = ""
    name: str = ""
    address: str = ""
    postcode: str = ""
    city: str = ""
    region: str = ""
    country: str = ""

    @property
    def has_address(self) -> bool:
        return bool(self.address)

    def kept(self) -> dict[str, str]:
        """Return what is written down of it: what is not empty."""
        return {name: value for name, value in asdict(self).items() if value}


def billing_of(stored: Mapping[str, str]) -> Billing:
    """Return what was written down with an order."""
    return Billing(**stored)
