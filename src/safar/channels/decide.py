"""What an SMTP answer means for a message, without I/O."""

import re
from datetime import datetime, timedelta
from uuid import UUID

from safar.channels.model import End, SendAttempt

TRIES_MAX = 16
AGE_MAX = timedelta(hours=48)
_FIRST_PAUSE_S = 5.0
_PAUSE_S_MAX = 1800.0
_REASON_MAX = 300
_STATUS = re.compile(r"(?<![\d.])5\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_NO_MAILBOX = frozenset({"smtp_550", "smtp_551", "smtp_553"})


def retry_pause_s(tries: int) -> float:
    """Return the pause after the `tries`-th attempt: doubling from five seconds to half an hour."""
    return min(_FIRST_PAUSE_S * 2.0 ** min(max(tries - 1, 0), 20), _PAUSE_S_MAX)


def refused_attempt(message_id: UUID, tries: int, smtp_code: int, text: str) -> SendAttempt:
    """Judge an answer of the receiving server to one message: 5xx is final, anything else may pass later."""
    reason = f"{smtp_code} {text}".strip()[:_REASON_MAX]
    code = f"smtp_{smtp_code}"
    if 500 <= smtp_code < 600:
        return SendAttempt(message_id, tries, End.FAILED, code, reason)
    return failed_for_now(message_id, tries, code, reason)


def address_is_gone(code: str | None, reason: str | None) -> bool:
    """Tell whether a failure says that the address itself does not exist (any more).

    By the enhanced status where there is one (RFC 3463: 5.1.x bad address, 5.2.1 mailbox disabled), else by
    the answer to RCPT (RFC 5321: 550, 551 and 553 name the mailbox). A full mailbox and a policy are neither.
    """
    status = _STATUS.search(f"{code or ''} {reason or ''}")
    if status:
        return status[1] == "1" or (status[1], status[2]) == ("2", "1")
    return code in _NO_MAILBOX


def failed_for_now(message_id: UUID, tries: int, code: str, reason: str) -> SendAttempt:
    """Try again after a growing pause, at most TRIES_MAX times."""
    if tries >= TRIES_MAX:
        return SendAttempt(message_id, tries, End.FAILED, code, f"given up after {tries} attempts: {reason}")
    return SendAttempt(message_id, tries, End.AGAIN, code, reason[:_REASON_MAX], retry_pause_s(tries))


def server_away(message_id: UUID, tries: int, at: datetime, now: datetime, reason: str) -> SendAttempt:
    """Keep a message that never reached a server; after two days it fails, so that somebody is told."""
    if now - at > AGE_MAX:
        return SendAttempt(message_id, tries, End.FAILED, "server_away", f"given up after 48 hours: {reason}")
    return SendAttempt(message_id, tries, End.AGAIN, "server_away", reason[:_REASON_MAX], 0.0, counted=False)
