"""Return paths that prove where a report of failed delivery came from (VERP, signed).

Each mail leaves with an envelope sender of its own. Only whoever got that mail can send something there.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from uuid import UUID

from safar.kernel.secrets import Vault

_SEAL_CHARACTERS = 20
_RETURN = re.compile(rf"bounce\+([0-9a-f]{{32}})-([0-9a-f]{{{_SEAL_CHARACTERS}}})")


def return_path(vault: Vault, message_id: UUID, mail_from: str) -> str:
    """Return the envelope sender of a mail."""
    return f"bounce+{message_id.hex}-{_seal(vault, message_id)}@{mail_from.rpartition('@')[2]}"


def returned_message(vault: Vault, recipients: Iterable[str]) -> UUID | None:
    """Return which mail of ours came back, by the address it came back to; None when nothing proves one."""
    for recipient in recipients:
        found = _RETURN.fullmatch(recipient.rpartition("@")[0].lower())
        if found:
            message_id = UUID(found.group(1))
            if hmac.compare_digest(found.group(2), _seal(vault, message_id)):
                return message_id
    return None


def _seal(vault: Vault, message_id: UUID) -> str:
    return hashlib.sha256(vault.sign("return path", message_id.hex).encode()).hexdigest()[:_SEAL_CHARACTERS]
