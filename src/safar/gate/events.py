"""The events that this room writes, as staff read them."""

from collections.abc import Mapping
from typing import Any

from safar.journal.kinds import EventKind
from safar.kernel.i18n import N_


def _arrived(properties: Mapping[str, Any]) -> str | None:
    if not properties.get("queued"):
        return None
    return (
        N_("Arrived before the opening and entered the draw")
        if properties.get("early")
        else N_("Arrived and joined the queue")
    )


def _ended(properties: Mapping[str, Any]) -> str | None:
    return N_("Sold out: the queue closed by itself") if properties.get("reason") == "sold_out" else None


def _mode(properties: Mapping[str, Any]) -> str | None:
    return {"held": N_("Paused entry"), "draining": N_("Stopped new arrivals")}.get(
        str(properties.get("mode"))
    )


EVENTS = (
    EventKind("visit.arrived", N_("Came to the shop"), "ticket", otherwise=_arrived),
    EventKind("visit.admitted", N_("Was let into the shop after %(waited)s"), "ticket"),
    EventKind("site.capacity_changed", N_("Changed the visitors at once"), "ticket"),
    EventKind(
        "site.capacity_adapted",
        N_("Visitors at once adjusted to the response time"),
        "ticket",
    ),
    EventKind("site.ended", N_("Closed the queue"), "ticket", otherwise=_ended),
    EventKind("site.reopened", N_("Reopened the queue"), "ticket"),
    EventKind("site.opened", N_("Opened a waiting room"), "ticket"),
    EventKind("site.removed", N_("Removed a waiting room"), "ticket"),
    EventKind("site.mode_changed", N_("Resumed entry"), "ticket", otherwise=_mode),
    EventKind("site.pace_changed", N_("Changed the visitors let in per minute"), "ticket"),
    EventKind("site.message_changed", N_("Changed the message to waiting visitors"), "ticket"),
    EventKind("site.work_changed", N_("Switched bot protection on or off"), "ticket"),
    EventKind("site.adaptive_changed", N_("Changed the automatic visitor limit"), "ticket"),
    EventKind("site.invited_changed", N_("Changed the places reserved for invitations"), "ticket"),
    EventKind("site.invitation_made", N_("Created a personal invitation"), "ticket"),
    EventKind("site.opening_set", N_("Set the opening time of a queue"), "ticket"),
    EventKind("site.opening_begun", N_("The opening and its draw began"), "ticket"),
)
