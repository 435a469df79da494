"""What stands in a mail in forms of few programs: Outlook's winmail.dat, invitations (iCalendar)."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from safar.channels.charsets import decoded

_READ_BYTES_MAX = 8_000_000
_EVENTS_MAX = 5
_FILES_MAX = 25
_LINE_MAX = 500


@dataclass(slots=True)
class Winmail:
    """What Outlook put into a winmail.dat: the words, or their HTML, and (name, content) of each file."""

    text: str = ""
    html: str = ""
    files: list[tuple[str, bytes]] = field(default_factory=list)


def opened_winmail(body: bytes) -> Winmail | None:
    """Return what is in a winmail.dat (TNEF), None when it cannot be opened."""
    from tnefparse import TNEF

    try:
        tnef = TNEF(body[:_READ_BYTES_MAX], do_checksum=False)
        return Winmail(
            text=_text(tnef.body),
            html=_text(tnef.htmlbody),
            files=[
                (_text(one.long_filename() or one.name) or "file", bytes(one.data or b""))
                for one in tnef.attachments[:_FILES_MAX]
            ],
        )
    except Exception:  # it is somebody's program's own form: what is broken in it may raise anything
        return None


def invitation_lines(body: bytes) -> list[str]:
    """Return an invitation as lines that read in any language: what, when, where, by whom."""
    from icalendar import Calendar

    try:
        calendar: Any = Calendar.from_ical(body[:_READ_BYTES_MAX])
    except Exception:
        return []
    cancelled = str(calendar.get("METHOD", "")).upper() == "CANCEL"
    lines: list[str] = []
    for event in list(calendar.walk("VEVENT"))[:_EVENTS_MAX]:
        mark = "📅 ✕" if cancelled or str(event.get("STATUS", "")).upper() == "CANCELLED" else "📅"
        organiser = str(event.get("ORGANIZER", "")).removeprefix("mailto:").removeprefix("MAILTO:")
        when = _when(event)
        told = (f"{mark} {event.get('SUMMARY', '')}".strip(), when, str(event.get("LOCATION", "")), organiser)
        lines += [" ".join(line.split())[:_LINE_MAX] for line in told if line.strip()]
    return lines


def _when(event: Any) -> str:
    """Return when it begins and ends, in its own time zone."""
    begins, ends = _time(event, "DTSTART"), _time(event, "DTEND")
    if begins is None:
        return ""
    zone = f" {begins.tzname()}" if isinstance(begins, datetime) and begins.tzinfo else ""
    if ends is None:
        return _shown(begins) + zone
    begins_at, ends_at = _shown(begins), _shown(ends)  # in its own zone, as its sender wrote it
    day, _space, time = ends_at.partition(" ")
    return f"{begins_at} – {time if time and begins_at.startswith(day) else ends_at}{zone}"


def _time(event: Any, name: str) -> date | None:
    value = event.get(name)
    found = getattr(value, "dt", None)
    return found if isinstance(found, date) else None


def _shown(value: date) -> str:
    return value.strftime("%Y-%m-%d %H:%M" if isinstance(value, datetime) else "%Y-%m-%d")


def _text(value: Any) -> str:
    """Return a value of TNEF as text; lists of one and bytes in any charset come, too."""
    if isinstance(value, list | tuple):
        value = value[0] if value else ""
    if isinstance(value, bytes):
        return decoded(value.rstrip(b"\x00"))
    return str(value or "").rstrip("\x00")
