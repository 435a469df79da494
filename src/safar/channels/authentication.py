"""Whether a mail came from where its From header says: what our own mail server wrote about it (RFC 8601).

A header of that name proves nothing by itself, anybody can write one. The server that is named in
SAFAR_MAIL_AUTHSERV_ID stands in front of us, checks SPF, DKIM and DMARC, takes away headers that bear its
name and came from outside, and puts its own on top.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

TOP = "top"  # no name: the topmost header is the receiver's, as with Exchange Online, which writes none
_HEADER_CHARACTERS_MAX = 4000
_HEADERS_MAX = 10
_RESULT = re.compile(r"([a-z][a-z0-9-]{0,19})(?:/[0-9]{1,3})?=([a-z]{1,20})")
_PROPERTY = re.compile(r"([a-z]{1,20}\.[a-z0-9_-]{1,30})=([^\s;]{1,320})")


def is_authenticated(headers: Sequence[str], authserv_id: str, address: str) -> bool:
    """Tell whether the trusted server found that `address` (of From) may be believed.

    Only the topmost header of `authserv_id` counts; with "top", the topmost of all. DMARC decides where it
    was asked; without it a DKIM signature or an envelope sender of the address's own domain, or of one above
    it.
    """
    domain = address.rpartition("@")[2].lower()
    ours = authserv_id.strip().lower()
    if not ours or not domain:
        return False
    if ours == TOP:
        return bool(headers) and _passes(list(_results(_bare_results(headers[0]))), domain)
    for header in headers[:_HEADERS_MAX]:
        server, _semicolon, results = _without_comments(header[:_HEADER_CHARACTERS_MAX]).partition(";")
        words = server.lower().split()
        if words and words[0] == ours:
            return _passes(list(_results(results)), domain)
    return False


def _bare_results(header: str) -> str:
    """Return the results of a header without the name of a server, if it has one."""
    text = _without_comments(header[:_HEADER_CHARACTERS_MAX])
    first, _semicolon, rest = text.partition(";")
    return text if "=" in first else rest


def _passes(results: Sequence[tuple[str, str, Mapping[str, str]]], domain: str) -> bool:
    for method, result, properties in results:
        if method == "dmarc" and result != "none":
            return result == "pass" and properties.get("header.from", "").lower() == domain
    return any(
        result == "pass" and any(_covers(properties.get(name, ""), domain) for name in names)
        for method, result, properties in results
        if (names := {"dkim": ("header.d", "header.i"), "spf": ("smtp.mailfrom",)}.get(method))
    )


def _covers(identifier: str, domain: str) -> bool:
    """Tell whether a domain answers for an address: it is the address's own or one above it, never below."""
    signer = identifier.strip('"<>').rpartition("@")[2].lower().rstrip(".")
    return "." in signer and (domain == signer or domain.endswith(f".{signer}"))


def _results(text: str) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    for part in text.lower().split(";"):
        found = _RESULT.match(part.strip())
        if found:
            yield found.group(1), found.group(2), dict(_PROPERTY.findall(part))


def _without_comments(text: str) -> str:
    """Return a header without what stands in brackets, which may nest, and with quoted texts left out."""
    kept: list[str] = []
    depth, quoted, escaped = 0, False, False
    for character in text:
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == '"' and not depth:
            quoted = not quoted
        elif quoted:
            continue
        elif character == "(":
            depth += 1
        elif character == ")" and depth:
            depth -= 1
        elif not depth:
            kept.append(character)
    return "" if depth or quoted else "".join(kept)
