"""Twilio's signature: HMAC-SHA1 over the address as Twilio called it and the form's fields.

Source: twilio.com/docs/usage/security. Twilio signs with or without the port, whichever way it is written.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlsplit, urlunsplit

_PORTS = {"https": 443, "http": 80}


def signature_of(token: str, url: str, pairs: Iterable[tuple[str, str]] = ()) -> str:
    """Return the signature of a form's post: names and values sorted, equal pairs once."""
    text = url + "".join(name + value for name, value in sorted(set(pairs)))
    digest = hmac.new(token.encode(), text.encode("utf-8", "surrogatepass"), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def is_signed(token: str, url: str, given: str, *, pairs: Iterable[tuple[str, str]], body: bytes) -> bool:
    """Tell whether a post is Twilio's; a body that is no form is signed by its SHA-256 in the address."""
    known = tuple(pairs)
    signed_body = dict(parse_qsl(urlsplit(url).query)).get("bodySHA256")
    right = [
        hmac.compare_digest(signature_of(token, one, known).encode(), given.encode()) for one in _ways(url)
    ]
    whole = signed_body is None or hmac.compare_digest(
        hashlib.sha256(body).hexdigest().encode(), signed_body.lower().encode()
    )
    return bool(token) and any(right) and whole


def _ways(url: str) -> list[str]:
    """Return an address as it came, without its port, and with the one that it has anyway."""
    parts = urlsplit(url)
    host, _colon, port = parts.netloc.rpartition(":")
    if not host or not port.isdigit():
        host, port = parts.netloc, str(_PORTS.get(parts.scheme, ""))
    netlocs = {parts.netloc, host, f"{host}:{port}"}
    return [url, *(urlunsplit(parts._replace(netloc=netloc)) for netloc in sorted(netlocs))]
