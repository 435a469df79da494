"""Signatures of the Standard Webhooks text: id, time and body under HMAC-SHA256.

Source: github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

TOLERANCE = timedelta(minutes=5)
ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
_PREFIX, _VERSION = "whsec_", "v1"


def signing_key_of(secret: str) -> bytes:
    """Return the bytes of a secret, which is base64 behind its prefix; of none that is not, its letters."""
    bare = secret.removeprefix(_PREFIX)
    try:
        return base64.b64decode(bare, validate=True)
    except (binascii.Error, ValueError):
        return bare.encode()


def headers_for(secret: str, id_: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the three headers that go with a body."""
    seconds = str(int(at.timestamp()))
    return {ID: id_, TIMESTAMP: seconds, SIGNATURE: f"{_VERSION},{_digest(secret, id_, seconds, body)}"}


def problem_of(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> str | None:
    """Return why a post is not to be believed, None when it is."""
    id_, seconds, given = (headers.get(name, "") for name in (ID, TIMESTAMP, SIGNATURE))
    if not secret or not id_ or not given:
        return "The signature is missing."
    if not seconds.isascii() or not seconds.isdigit() or len(seconds) > 11:
        return "The timestamp is none."
    if abs(datetime.fromtimestamp(int(seconds), UTC) - now) > TOLERANCE:
        return "It was signed more than five minutes ago, or its clock is wrong."
    expected = _digest(secret, id_, seconds, body).encode()
    signatures = [one.partition(",") for one in given.split(" ")[:10]]
    right = [
        version == _VERSION and hmac.compare_digest(one.encode(), expected) for version, _, one in signatures
    ]
    return None if any(right) else "The signature is not that of this secret."


def _digest(secret: str, id_: str, seconds: str, body: bytes) -> str:
    signed = f"{id_}.{seconds}.".encode("utf-8", "surrogatepass") + body
    return base64.b64encode(hmac.new(signing_key_of(secret), signed, hashlib.sha256).digest()).decode()
