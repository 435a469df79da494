"""A form that was opened before somebody else saved: told by a mark of what it showed."""

import hashlib
from typing import Any

from safar.catalogue.errors import ChangedMeanwhile
from safar.kernel.web.forms import Fields


def mark_of(*drafts: Any) -> str:
    """Return a mark that is another one when any field of the drafts is."""
    return hashlib.blake2b(repr(drafts).encode(), digest_size=8).hexdigest()


def check_mark(fields: Fields, *drafts: Any) -> None:
    """Raise ChangedMeanwhile when the form carries the mark of what is no longer so."""
    mark = fields.values.get("mark", "")
    if mark and mark != mark_of(*drafts):
        raise ChangedMeanwhile
