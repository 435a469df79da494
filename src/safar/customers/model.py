"""A customer, the addresses they are known by, and their consent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(slots=True, kw_only=True)
class IdentityRequest:
    """Whose address is this, as the shop's own list has it? What customers type is a Claim instead.

    `customer_id` is who it becomes when nobody has the address yet. `name` and `country` fill what is not
    known yet; they never replace what is.
    """

    kind: str
    value: str
    language: str
    customer_id: UUID | None = None
    name: str | None = None
    country: str | None = None


@dataclass(slots=True, kw_only=True)  # not frozen: made for every order
class AddressClaim:
    """Somebody says that an address is theirs: it is kept with them, and shows and decides nothing.

    `customer_id`: who says so, with a row or without. `source`: order, back_in_stock, newsletter, mail, chat.
    `name` and `country` fill what is not known yet of whoever says so.
    """

    customer_id: UUID
    kind: str
    value: str
    language: str
    source: str
    name: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Something that was sent to an address, for what `claimant` did, came back.

    `browser`: the customer id of the browser that brought it; None when it came by authenticated mail.
    """

    claimant: UUID
    kind: str
    value: str
    language: str
    browser: UUID | None = None


@dataclass(frozen=True, slots=True)
class Proven:
    """Whose the address is; `joined`: the claimant is theirs from now on, whole."""

    owner_id: UUID
    joined: bool


@dataclass(frozen=True, slots=True)
class Provisional:
    """A visitor who did something that needs a customer row (asked, filled a cart) without saying who."""

    customer_id: UUID
    language: str


@dataclass(frozen=True, slots=True)
class Consent:
    """What a customer said about messages on a channel ("email", "phone" …); `source` is where.

    `proof`: what shows it, as words by name (see customers/consent_words.py); `staff_id`: who wrote it down.
    """

    customer_id: UUID
    channel: str
    given: bool
    source: str
    proof: Mapping[str, str] = field(default_factory=dict)
    staff_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRecord:
    """One customer of an import; `consent` is to e-mail, `proof` how it came about."""

    name: str | None
    email: str
    language: str
    country: str | None = None
    consent: bool = False
    proof: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CustomerCard:
    """What other rooms show of a customer; everyone has a language, the rest only when they told us.

    `email` is proven to be theirs; `claimed` is what they said last, while nothing is proven.
    """

    id: UUID
    name: str | None
    language: str
    country: str | None
    email: str | None
    claimed: str | None = None

    @property
    def said(self) -> str | None:
        """The address to write to: theirs, or else the one that they say is theirs."""
        return self.email or self.claimed


@dataclass(frozen=True, slots=True)
class Profile:
    """A customer as their page shows them."""

    id: UUID
    name: str | None
    language: str
    country: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Identity:
    """One address of a customer."""

    kind: str
    value: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """A consent as it stands."""

    channel: str
    given: bool
    source: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """One change of a consent, with its proof."""

    channel: str
    given: bool
    source: str
    proof: dict[str, str]
    at: datetime


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A line of the customers list."""

    id: UUID
    name: str | None
    language: str
    country: str | None
    created_at: datetime
    email: str | None
    claimed: str | None
    consent: bool | None
