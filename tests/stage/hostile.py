"""What people, programs and attackers send instead of what was asked for."""

from dataclasses import dataclass, field

SCRIPT = "<script>alert(1)</script>"
TAGS = (SCRIPT, "<img src=x")
# Legal text, to be taken or refused as a whole, and always shown as text.
WORDS = (
    "'; DROP TABLE orders; --",
    "1 OR 1=1",
    SCRIPT,
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }} {% for x in (1..9999999) %}x{% endfor %}",
    "%s %(name)s %n {0}",
    "../../etc/passwd",
    "\u202egnirts",
)
# Never a text: control characters, too much of it, characters that no script has.
GARBAGE = ("\x00", "a\x00b", "\x1b[31m", "\x08\x7f", "x" * 20_000, "\ufffe\uffff")
# Never a quantity.
NUMBERS = (
    "-1", "0x10", "1.5", "NaN", "Infinity", "-Infinity", "1e9", "99999999999999999999999",
    "9223372036854775808", "", " ", "two", "١٢٣٤٥٦٧٨٩٠١٢٣٤٥٦٧٨٩", "½",
)  # fmt: skip
# Never an id of ours.
IDS = ("", "0", "-1", "null", "not-an-id", "00000000-0000-0000-0000-00000000000g", "' OR '1'='1", "x" * 5000)
# Segments of an address, percent-encoded as they travel.
SEGMENTS = (
    "0", "not-an-id", "%00", "%ff%fe", "%27%3B%20DROP%20TABLE%20orders%3B--",
    "%3Cscript%3Ealert(1)%3C%2Fscript%3E", "..%2F..%2Fetc%2Fpasswd", "%0d%0aset-cookie:%20x=y", "x" * 3000,
    "%E2%80%AE", "00000000-0000-0000-0000-000000000000",
)  # fmt: skip


@dataclass(frozen=True)
class Body:
    """A body that cannot be read as what it says it is."""

    name: str
    content: bytes
    kind: str
    status: frozenset[int] = field(default_factory=lambda: frozenset({400, 404, 409, 410, 413, 415, 422}))


JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
TOO_MUCH = Body("too much", b"a=" + b"x" * 300_000, FORM, frozenset({413}))
UNREADABLE = (
    Body("cut short", b'{"id": "', JSON),
    Body("nothing", b"", JSON),
    Body("a list", b"[1, 2]", JSON),
    Body("a number that is none", b"NaN", JSON),
    Body("null", b"null", JSON),
    Body("deeper than any reader goes", b'{"a":' * 20_000 + b"1" + b"}" * 20_000, JSON),
    Body("not UTF-8", b'{"name": "\xff\xfe"}', JSON),
    Body("half a surrogate", b'{"name": "\\ud800"}', JSON),
    Body("another kind", b"<order><id>1</id></order>", "application/xml"),
    Body("a picture", b"\x89PNG\r\n\x1a\n", "image/png"),
    Body("not UTF-8 as a form", b"\xff\xfe=\xff&sku=%ff%fe", FORM),
    Body("a thousand fields", b"&".join(b"a%d=1" % n for n in range(1000)), FORM),
    Body("parts without a border", b"hello", "multipart/form-data"),
    Body(
        "parts that never end",
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n',
        "multipart/form-data; boundary=x",
    ),
    Body(
        "a file",
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="f.txt"\r\n\r\nhello\r\n--x--\r\n',
        "multipart/form-data; boundary=x",
    ),
    TOO_MUCH,
)
