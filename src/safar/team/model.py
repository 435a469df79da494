"""Staff, and what signing in gives them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

ROLES = ("owner", "manager", "agent")


@dataclass(frozen=True, slots=True)
class Staff:
    """A person of the company."""

    id: UUID
    email: str
    name: str
    role: str
    password_hash: str
    must_change_password: bool
    created_at: datetime
    disabled_at: datetime | None
    one_time_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """Who a session belongs to."""

    staff_id: UUID
    email: str
    name: str
    role: str
    must_change_password: bool


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session; the browser keeps `token`, the database only its hash. `device`: known from now on."""

    token: str
    must_change_password: bool
    device: str = ""


@dataclass(frozen=True, slots=True)
class Invited:
    """Somebody who can sign in with `password` once, and must then choose their own."""

    staff_id: UUID
    email: str
    password: str
