"""What proves that a report is about a mail of ours: a seal that only the mail itself carried.

Each mail leaves with an envelope sender of its own (VERP), and with the same seal as envelope id (RFC 3461)
and in a header, which servers give back in their reports. Only whoever got the mail can know it.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from uuid import UUID

from safar.kernel.secrets import Vault

SEALED_HEADER = "X-Safar-Seal"
_SEAL_CHARACTERS = 20
_SEALED = re.compile(rf"([0-9a-f]{{32}})-([0-9a-f]{{{_SEAL_CHARACTERS}}})")


def sealed_id(vault: Vault, message_id: UUID) -> str:
    """Return a mail's id with the seal that proves it."""
    return f"{message_id.hex}-{_seal(vault, message_id)}"


def return_path(vault: Vault, message_id: UUID, mail_from: str) -> str:
    """Return the envelope sender of a mail."""
    return f"bounce+{sealed_id(vault, message_id)}@{mail_from.rpartition('@')[2]}"


def returned_message(vault: Vault, recipients: Iterable[str], seals: Iterable[str] = ()) -> UUID | None:
    """Return which mail of ours came back, by the address it came back to or by what a report gives back.

    None when nothing proves one.
    """
    locals_ = (recipient.rpartition("@")[0].lower() for recipient in recipients)
    returned = [local.removeprefix("bounce+") for local in locals_ if local.startswith("bounce+")]
    for sealed in (*returned, *seals):
        found = _SEALED.fullmatch(sealed.lower())
        if found:
            message_id = UUID(found.group(1))
            if hmac.compare_digest(found.group(2), _seal(vault, message_id)):
                return message_id
    return None


def _seal(vault: Vault, message_id: UUID) -> str:
    return hashlib.sha256(vault.sign("return path", message_id.hex).encode()).hexdigest()[:_SEAL_CHARACTERS]
