"""What the shop is: one value of each key that `facts.FACTS` declares."""

from dataclasses import dataclass

FactValue = str | int | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shop:
    """The shop's own data as it stands.

    `address` is line by line. `country`: ISO 3166 code, where goods go until the customer says where.
    `email`: empty for the sender address of the mails. `location_rule`: a `stock.choose.Rule`.
    """

    name: str
    address: tuple[str, ...]
    country: str
    tax_id: str
    email: str
    phone: str
    opening_hours: str
    ship_days: int
    return_days: int
    location_rule: str
