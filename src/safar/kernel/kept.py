"""What changes rarely, as one process keeps it: valid for one version, replaced whole when that moves on."""

from collections.abc import Hashable, Mapping
from datetime import datetime
from typing import Any

_KEYS_MAX = 100_000  # of one kind; beyond them it begins anew


class Kept:
    """What one process keeps of one database.

    What has another version is never mixed with it, and what somebody was given stays as it is.
    """

    __slots__ = ("_by_kind", "seen_at", "version")

    def __init__(self) -> None:
        self.version: str | None = None
        self.seen_at: datetime | None = None  # when the version was last compared with the database's
        self._by_kind: dict[Hashable, dict[Any, Any]] = {}

    def of(self, version: str, kind: Hashable) -> Mapping[Any, Any]:
        """Return what is kept of a kind at `version`: None for what is not there, nothing for the unread."""
        return self._by_kind.get(kind, {}) if version == self.version else {}

    def keep(self, version: str, kind: Hashable, read: Mapping[Any, Any]) -> None:
        """Keep what was read after `version` was: as old as that, or newer, but then it has moved."""
        if version != self.version:
            self.version, self._by_kind = version, {}
        known = self._by_kind.get(kind, {})
        self._by_kind[kind] = {**known, **read} if len(known) + len(read) <= _KEYS_MAX else dict(read)
