"""An event: one thing that happened."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from safar.kernel import clock


@dataclass(slots=True, kw_only=True)  # not frozen: made for every hold, and freezing triples its cost
class Event:
    """Something that happened; `name` is object.verb in the past tense, `subject_id` what it is about."""

    name: str
    customer_id: UUID | None = None
    campaign_id: UUID | None = None
    staff_id: UUID | None = None
    subject_id: UUID | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    at: datetime = field(default_factory=clock.now)


@dataclass(slots=True, kw_only=True)
class Recorded(Event):
    """An event as it stands in the journal; `id` orders all events."""

    id: int
