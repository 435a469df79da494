"""The events that this room writes, as staff read them."""

from collections.abc import Mapping
from typing import Any

from safar.journal.kinds import EventKind
from safar.kernel.i18n import N_


def _paused(properties: Mapping[str, Any]) -> str | None:
    return None if properties.get("reason") else N_("Campaign paused")


def _ended(properties: Mapping[str, Any]) -> str | None:
    return None if properties.get("reason") else N_("Campaign ended")


EVENTS = (
    EventKind("campaign.created", N_("Campaign drafted"), "speakerphone"),
    EventKind("campaign.changed", N_("Campaign draft changed"), "speakerphone"),
    EventKind("campaign.deleted", N_("Campaign draft deleted"), "speakerphone"),
    EventKind("campaign.scheduled", N_("Campaign scheduled"), "speakerphone"),
    EventKind("campaign.unscheduled", N_("Scheduled start of the campaign cancelled"), "speakerphone"),
    EventKind("campaign.hurried", N_("Rest of the campaign sent at once"), "speakerphone"),
    EventKind("campaign.started", N_("Campaign started"), "speakerphone"),
    EventKind("campaign.planned", N_("More recipients added to the campaign"), "speakerphone"),
    EventKind("campaign.resumed", N_("Campaign resumed"), "speakerphone"),
    EventKind("campaign.closed", N_("Offer of the campaign ended"), "speakerphone"),
    EventKind("campaign.paused", N_("Campaign paused: %(reason)s"), "speakerphone", otherwise=_paused),
    EventKind("campaign.ended", N_("Campaign ended: %(reason)s"), "speakerphone", otherwise=_ended),
    EventKind("send.sent", N_("Campaign e-mail sent"), "mail"),
    EventKind("send.skipped", N_("Campaign e-mail not sent: %(reason)s"), "mail"),
    EventKind("send.failed", N_("Campaign e-mail could not be delivered: %(reason)s"), "mail"),
    EventKind("link.clicked", N_("Opened the link of a campaign e-mail"), "link"),
    EventKind("promise.made", N_("Promise made: %(kind)s"), "star"),
    EventKind("promise.kept", N_("Promise kept: %(kind)s"), "star"),
    EventKind("promise.broken", N_("Promise broken: %(kind)s"), "star"),
)
