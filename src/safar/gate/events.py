"""The events that this room writes, as staff read them."""

from collections.abc import Mapping
from typing import Any

from safar.journal.kinds import EventKind
from safar.kernel.i18n import N_


def _arrived(properties: Mapping[str, Any]) -> str | None:
    if not properties.get("queued"):
        return None
    return (
        N_("Came before the opening and takes part in the draw")
        if properties.get("early")
        else N_("Came to the shop and waits in the queue")
    )


def _ended(properties: Mapping[str, Any]) -> str | None:
    return N_("Sold out: the queue ended by itself") if properties.get("reason") == "sold_out" else None


EVENTS = (
    EventKind("visit.arrived", N_("Came to the shop"), "ticket", otherwise=_arrived),
    EventKind("visit.admitted", N_("Was let into the shop after %(waited)s"), "ticket"),
    EventKind("site.capacity_changed", N_("Changed how many visitors the shop carries at once"), "ticket"),
    EventKind(
        "site.capacity_adapted",
        N_("How many visitors are let in at once followed the measured latency"),
        "ticket",
    ),
    EventKind("site.ended", N_("Ended the queue of the shop"), "ticket", otherwise=_ended),
    EventKind("site.reopened", N_("Opened the queue of the shop again"), "ticket"),
    EventKind("site.opened", N_("Opened a waiting room"), "ticket"),
    EventKind("site.removed", N_("Took a waiting room away"), "ticket"),
    EventKind("site.mode_changed", N_("Held, drained or opened a queue"), "ticket"),
    EventKind("site.pace_changed", N_("Changed how many are let in per minute"), "ticket"),
    EventKind("site.message_changed", N_("Changed the message to those who wait"), "ticket"),
    EventKind("site.work_changed", N_("Changed whether browsers are asked for a proof of work"), "ticket"),
    EventKind("site.adaptive_changed", N_("Changed whether the capacity follows the latency"), "ticket"),
    EventKind("site.invited_changed", N_("Changed the share of places for invitations"), "ticket"),
    EventKind("site.invitation_made", N_("Made a personal invitation"), "ticket"),
    EventKind("site.opening_set", N_("Set the opening time of a queue"), "ticket"),
    EventKind("site.opening_begun", N_("The opening began, and its draw"), "ticket"),
)
