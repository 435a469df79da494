"""What shows that somebody agreed, or did not any more, in the words of whoever reads the customer's page."""

from collections.abc import Mapping
from datetime import datetime

from safar.kernel.i18n import N_, _, moment

LABELS: Mapping[str, str] = {
    "address": N_("Address"),
    "wording": N_("Agreed to"),
    "asked_at": N_("Asked"),
    "confirmed_at": N_("Confirmed from the mailbox"),
    "reason": N_("Reason"),
    "origin": N_("Collected by"),
    "given_on": N_("Given on"),
    "file": N_("File"),
}


def proof_lines(proof: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return a proof as labels and texts, in one order; what has no label is left out."""
    return [(_(label), _shown(name, proof[name])) for name, label in LABELS.items() if proof.get(name)]


def _shown(name: str, text: str) -> str:
    if not name.endswith("_at"):
        return text
    try:
        return moment(datetime.fromisoformat(text))
    except ValueError:
        return text
