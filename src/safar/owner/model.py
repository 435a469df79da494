"""What the shop is: one value of each key that `facts.FACTS` declares."""

from dataclasses import dataclass
from datetime import date

FactValue = str | int | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shop:
    """The shop's own data as it stands.

    `address` is line by line. `country`: ISO 3166 code, where goods go until the customer says where.
    `email`: empty for the sender address of the mails. `location_rule`: a `stock.choose.Rule`.
    `holidays`: days such as 2026-12-25, a word may follow. `mail_host`: empty for the server of the settings;
    `mail_password` is encrypted by the vault; `mail_tested`: the host that took a test mail.
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
    holidays: tuple[str, ...]
    mail_name: str
    mail_from: str
    mail_host: str
    mail_port: int
    mail_security: str
    mail_user: str
    mail_password: str
    mail_tested: str
    colour: str
    currency: str
    timezone: str
    language: str
    logo: str
    icon: str
    languages: tuple[str, ...]

    @property
    def closed_days(self) -> frozenset[date]:
        """The holidays as days."""
        return frozenset(date.fromisoformat(line.split()[0]) for line in self.holidays)
