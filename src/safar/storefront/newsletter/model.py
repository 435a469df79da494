"""Somebody who wants e-mails about offers."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUp:
    """What was asked for in a browser; `wording` is what was agreed to, `network` who is counted for it."""

    key: UUID
    customer_id: UUID
    email: str
    language: str
    source: str
    wording: str
    network: str | None


@dataclass(frozen=True, slots=True)
class NewsletterRequest:
    """A sign-up that waits for its mailbox, or has been answered from there."""

    id: UUID
    customer_id: UUID
    email: str
    language: str
    source: str
    wording: str
    state: str
    asked_at: datetime
