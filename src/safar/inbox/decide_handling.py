"""How a conversation changes by what staff do with it besides answering, without I/O."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from safar.inbox.decide import Change, closed, desk_event
from safar.inbox.model import Conversation
from safar.kernel.clock import shop_day
from safar.kernel.i18n import N_

PRIORITIES: Mapping[str, str] = {
    "urgent": N_("Urgent"),
    "high": N_("High"),
    "normal": N_("Normal"),
    "low": N_("Low"),
}
SNOOZES: Mapping[str, str] = {
    "answer": N_("Until the customer answers"),
    "later": N_("For three hours"),
    "tomorrow": N_("Until tomorrow, 09:00"),
    "monday": N_("Until Monday, 09:00"),
}
TONES: Mapping[str, str] = {
    "info": N_("Blue"),
    "good": N_("Green"),
    "warn": N_("Amber"),
    "bad": N_("Red"),
    "calm": N_("Grey"),
    "brand": N_("The shop’s colour"),
}
_MORNING = time(9)
_LATER = timedelta(hours=3)


def snooze_end(choice: str, now: datetime, zone: str) -> datetime | None:
    """Return when a conversation is back that is put off by one of SNOOZES; None: not before an answer."""
    if choice == "later":
        return now + _LATER
    if choice not in ("tomorrow", "monday"):
        return None
    day = shop_day(now, zone)
    ahead = 1 if choice == "tomorrow" else 7 - day.weekday()
    return datetime.combine(day + timedelta(days=ahead), _MORNING, ZoneInfo(zone))


def snoozed(before: Conversation, until: datetime | None, *, staff_id: UUID, at: datetime) -> Change:
    """Put a conversation off. A time that has passed already brings it back at once."""
    after = replace(before, snoozed=True, snoozed_until=until)
    if after == before:
        return before, []
    properties = {"until": until.isoformat()} if until else {}
    return after, [desk_event("conversation.snoozed", after, at, staff_id=staff_id, properties=properties)]


def woken(before: Conversation, *, staff_id: UUID | None, at: datetime) -> Change:
    """Bring a conversation back that was put off."""
    if not before.snoozed:
        return before, []
    after = replace(before, snoozed=False, snoozed_until=None)
    return after, [desk_event("conversation.woken", after, at, staff_id=staff_id)]


def prioritised(before: Conversation, priority: str, *, staff_id: UUID, at: datetime) -> Change:
    """Say how much haste there is."""
    if before.priority == priority:
        return before, []
    after = replace(before, priority=priority)
    told = {"priority": priority}
    return after, [desk_event("conversation.prioritised", after, at, staff_id=staff_id, properties=told)]


def marked_spam(before: Conversation, *, spam: bool, staff_id: UUID, at: datetime) -> Change:
    """Close a conversation as spam, or say that it is none; what comes after the latter opens it as ever."""
    if before.spam == spam:
        return before, []
    if not spam:
        after = replace(before, spam=False)
        return after, [desk_event("conversation.unmarked_spam", after, at, staff_id=staff_id)]
    after, told = closed(before, staff_id=staff_id, at=at, reason="spam")
    after = replace(after, spam=True, waiting_since=None, with_staff=False, handover_reason=None)
    return after, [*told, desk_event("conversation.marked_spam", after, at, staff_id=staff_id)]
