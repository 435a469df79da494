"""One mail of the corpus: how it came, and what we have to make of it."""

from dataclasses import dataclass

OURS = "shop@safar.example"
SENT_ID = "01890f3c-0000-7000-8000-00000000abcd"  # of a mail of ours that others answer or report on


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`text` None: not looked at. `says`: must be among its words; `silent`: must not. `bounce`: (status,
    recipient, whether it failed)."""

    name: str
    raw: bytes
    envelope_from: str | None = "ana@example.com"
    text: str | None = None
    says: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    folded: str | None = None
    subject: str | None = None
    sender: str | None = None
    address: str | None = None
    reply_to: str | None = None
    files: tuple[str, ...] | None = None
    automatic: bool | None = None
    for_people: bool | None = None
    error: str | None = None
    bounce: tuple[str, str, bool] | None = None
    named: bool = True  # a report: it names the mail of ours


def mail(
    body: str | bytes = "Hello",
    *,
    kind: str | None = "text/plain; charset=utf-8",
    sender: str | bytes = "Ana Souza <ana@example.com>",
    subject: str | bytes = "Question",
    encoding: str = "",
    **headers: str,
) -> bytes:
    """Return a mail byte by byte as given: no library makes it tidier than its sender did."""

    def raw(value: str | bytes) -> bytes:
        return value if isinstance(value, bytes) else value.encode()

    lines = [b"From: " + raw(sender), b"To: " + OURS.encode(), b"Subject: " + raw(subject)]
    lines += [name.replace("_", "-").encode() + b": " + raw(value) for name, value in headers.items()]
    if kind is not None:
        lines += [b"MIME-Version: 1.0", b"Content-Type: " + raw(kind)]
    if encoding:
        lines.append(b"Content-Transfer-Encoding: " + encoding.encode())
    return b"\r\n".join([*lines, b"", raw(body).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")])


def part(body: str | bytes, kind: str, *headers: str) -> bytes:
    head = b"".join(f"{line}\r\n".encode() for line in (f"Content-Type: {kind}", *headers))
    return head + b"\r\n" + (body if isinstance(body, bytes) else body.encode())


def joined(*pieces: bytes, boundary: str = "x", end: bool = True) -> bytes:
    mark = f"--{boundary}".encode()
    body = b"".join(mark + b"\r\n" + piece + b"\r\n" for piece in pieces)
    return body + (mark + b"--\r\n" if end else b"")
