"""What staff fill in about a site, read and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from safar.gate.site.sites import KEY, NewSite
from safar.gate.tickets.model import SHOP, Mode, SiteKind
from safar.kernel.i18n import LANGUAGES, _
from safar.kernel.web.forms import Fields

CAPACITY_MAX = 1_000_000
PACE_MAX = 1_000_000
MESSAGE_MAX = 300
INVITED_PERCENT_MAX = 50
HOURS_MAX = 24 * 14
STATES: Mapping[str, Mode | None] = {
    "open": Mode.OPEN, "held": Mode.HELD, "draining": Mode.DRAINING, "ended": None,
}  # fmt: skip
_PRODUCT_PREFIX = "p-"


@dataclass(frozen=True, slots=True)
class Capacity:
    """A capacity typed in, or one that follows latency between two bounds; a share for invitations."""

    capacity: int
    adaptive: bool
    least: int
    most: int
    invited_percent: int


def capacity_of(fields: Fields, *, shop: bool) -> Capacity:
    """Raises InvalidInput."""
    adaptive = shop and fields.values.get("adaptive", "") == "yes"
    capacity = fields.integer("capacity", least=1, most=CAPACITY_MAX)
    least, most = 1, CAPACITY_MAX
    if adaptive:
        least = fields.integer("least", least=1, most=CAPACITY_MAX)
        most = fields.integer("most", least=max(least, 1), most=CAPACITY_MAX)
    invited = 0
    if fields.values.get("invited", "").strip():
        invited = fields.integer("invited", least=0, most=INVITED_PERCENT_MAX)
    fields.done()
    return Capacity(capacity, adaptive, least, most, invited)


def pace_of(fields: Fields) -> int | None:
    """Return how many may come in a minute, None for no limit. Raises InvalidInput."""
    text = fields.values.get("per_minute", "").strip()
    pace = fields.integer("per_minute", least=0, most=PACE_MAX) if text else 0
    fields.done()
    return pace or None


def opening_of(fields: Fields, timezone: str) -> datetime:
    """Return the opening time, typed as the clock of the shop shows it. Raises InvalidInput."""
    text = fields.text("opens_at", length_max=30)
    at = datetime.min.replace(tzinfo=UTC)
    if "opens_at" not in fields.problems:
        try:
            at = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(timezone)).astimezone(UTC)
        except (ValueError, OverflowError):
            fields.problems["opens_at"] = _("A date and a time, such as 2026-11-27 10:00.")
    fields.done()
    return at


def read_message(fields: Fields) -> dict[str, str]:
    """Return what is said to those who wait, by language. Raises InvalidInput."""
    message = {
        language: fields.text(f"message_{language}", length_max=MESSAGE_MAX, required=False)
        for language in LANGUAGES
    }
    fields.done()
    return message


def external_of(fields: Fields) -> NewSite:
    """Return a site of others that is to get a waiting room. Raises InvalidInput."""
    key = fields.text("key", length_max=40)
    if "key" not in fields.problems and (
        not KEY.fullmatch(key) or key == SHOP or key.startswith(_PRODUCT_PREFIX)
    ):
        fields.problems["key"] = _("Small letters, digits and hyphens, such as “outlet”.")
    title = fields.text("title", length_max=80)
    url = _origin(fields)
    domain = _domain(fields, url)
    capacity = fields.integer("capacity", least=1, most=CAPACITY_MAX)
    fields.done()
    return NewSite(
        key=key, capacity=capacity, kind=SiteKind.EXTERNAL, title=title, url=url, cookie_domain=domain or None
    )


def hours_of(fields: Fields) -> int:
    """Return for how many hours an invitation is good. Raises InvalidInput."""
    hours = fields.integer("hours", least=1, most=HOURS_MAX)
    fields.done()
    return hours


def _origin(fields: Fields) -> str:
    url = fields.text("url", length_max=200).rstrip("/").lower()
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        bare = not (parts.path or parts.query or parts.fragment or parts.username)
    except ValueError:  # a port that is none, a bracket that is not closed
        good = bare = False
    if "url" not in fields.problems and not (good and bare and url.isascii() and "//" in url):
        fields.problems["url"] = _("The address of the site without a page, such as https://www.example.com.")
    return url


def _domain(fields: Fields, url: str) -> str:
    domain = fields.text("cookie_domain", length_max=200, required=False).lstrip(".").lower()
    if not domain or {"cookie_domain", "url"} & fields.problems.keys():
        return domain
    host = urlsplit(url).hostname or ""
    if "." not in domain or not (host == domain or host.endswith(f".{domain}")):
        fields.problems["cookie_domain"] = _("The domain that both sites lie under, such as example.com.")
    return domain
