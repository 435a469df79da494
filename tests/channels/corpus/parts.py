"""How mails are put together: alternatives, attachments, attached mails, broken boundaries, winmail, invitations."""

import struct
from base64 import b64encode

from tests.channels.corpus.case import Case, joined, mail, part

PLAIN, HTML = "text/plain; charset=utf-8", "text/html; charset=utf-8"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
INVITATION = """BEGIN:VCALENDAR
METHOD:REQUEST
PRODID:-//x//EN
VERSION:2.0
BEGIN:VEVENT
UID:1@example.com
DTSTAMP:20261130T090000Z
DTSTART;TZID=Europe/Lisbon:20261205T100000
DTEND;TZID=Europe/Lisbon:20261205T113000
SUMMARY:Fitting of the wardrobe
LOCATION:12 Mill Lane\\, Leeds
ORGANIZER;CN=Ana:mailto:ana@example.com
END:VEVENT
END:VCALENDAR
"""


def _multi(*pieces: bytes, kind: str = "multipart/mixed", boundary: str = "x", end: bool = True) -> bytes:
    return mail(joined(*pieces, boundary=boundary, end=end), kind=f'{kind}; boundary="{boundary}"')


def _attached(name: str, content: bytes, kind: str = "application/octet-stream") -> bytes:
    return part(
        b64encode(content),
        kind,
        f"Content-Disposition: attachment; filename={name}",
        "Content-Transfer-Encoding: base64",
    )


def _winmail(text: str, files: dict[str, bytes]) -> bytes:
    """Return a winmail.dat as Outlook writes it: a body and files, each attribute with its checksum."""

    def attribute(level: int, name: int, kind: int, data: bytes) -> bytes:
        head = struct.pack("<BHHI", level, name, kind, len(data))
        return head + data + struct.pack("<H", sum(data) & 0xFFFF)

    raw = struct.pack("<IH", 0x223E9F78, 1)
    raw += attribute(1, 0x9006, 8, struct.pack("<I", 0x10000))
    raw += attribute(1, 0x9007, 6, struct.pack("<II", 1252, 0))
    raw += attribute(1, 0x800C, 2, text.encode("cp1252") + b"\0")
    for name, content in files.items():
        raw += attribute(2, 0x9002, 6, bytes(14))
        raw += attribute(2, 0x8010, 1, name.encode("cp1252") + b"\0")
        raw += attribute(2, 0x800F, 6, content)
    return raw


def _deep(levels: int) -> bytes:
    body = part("deep", PLAIN)
    for level in range(levels):
        body = part(joined(body, boundary=f"b{level}"), f"multipart/mixed; boundary=b{level}")
    return body


CASES = (
    Case(name="parts html only", raw=mail("<p>Olá<br>bom dia</p>", kind=HTML), text="Olá\nbom dia"),
    Case(name="parts alternative",
         raw=_multi(part("Hello", PLAIN), part("<p>Hello</p>", HTML), kind="multipart/alternative"),
         text="Hello"),
    Case(name="parts alternative with an empty text",
         raw=_multi(part(" \n", PLAIN), part("<p>Hello</p>", HTML), kind="multipart/alternative"),
         text="Hello"),
    Case(name="parts html and a footer of a gateway",
         raw=_multi(part("<p>My lamp caught fire.</p>", HTML),
                    part("This e-mail is confidential.", "text/plain", "Content-Disposition: inline")),
         says=("My lamp caught fire.",)),
    Case(name="parts a footer before the letter",
         raw=_multi(part("[EXTERNAL]", PLAIN), part("<p>My lamp caught fire.</p>", HTML)),
         says=("[EXTERNAL]", "My lamp caught fire.")),
    Case(name="parts text, picture, text",
         raw=_multi(part("Look:", PLAIN), part(b64encode(PNG), "image/png; name=a.png",
                    "Content-Transfer-Encoding: base64"), part("Broken, see?", PLAIN)),
         text="Look:\n\nBroken, see?\n\n[a.png]", files=("a.png",)),
    Case(name="parts a named attachment",
         raw=_multi(part("See bill", PLAIN), _attached("bill.pdf", b"%PDF-1.4")),
         text="See bill\n\n[bill.pdf]", files=("bill.pdf",)),
    Case(name="parts a text that is attached is not said",
         raw=_multi(part("See notes", PLAIN), _attached("notes.txt", b"cancel my order", "text/plain")),
         text="See notes\n\n[notes.txt]", files=("notes.txt",)),
    Case(name="parts HTML that is attached is not said",
         raw=_multi(part("See page", PLAIN), _attached("page.html", b"<script>x</script>", "text/html")),
         text="See page\n\n[page.html]", silent=("script",), files=("page.html",)),
    Case(name="parts names by RFC 2231",
         raw=_multi(part("x", PLAIN), part(b64encode(PNG), "image/png",
                    "Content-Disposition: attachment; filename*=utf-8''%D8%B9%DA%A9%D8%B3.png",
                    "Content-Transfer-Encoding: base64")), files=("عکس.png",)),
    Case(name="parts names by RFC 2231 in pieces",
         raw=_multi(part("x", PLAIN), part(b"AAAA", "image/png", "Content-Disposition: attachment;",
                    " filename*0=holi;", " filename*1=day.png")), files=("holiday.png",)),
    Case(name="parts names as encoded words",
         raw=_multi(part("x", PLAIN), part(b"AAAA",
                    'application/pdf; name="=?utf-8?q?conta_de_mar=C3=A7o.pdf?="',
                    "Content-Disposition: attachment")), files=("conta de março.pdf",)),
    Case(name="parts names in raw utf-8",
         raw=_multi(part("x", PLAIN), part(b"AAAA", "image/png",
                    'Content-Disposition: attachment; filename="فاکتور.png"')), files=("فاکتور.png",)),
    Case(name="parts a forwarded mail as attachment",
         raw=_multi(part("See attached.", PLAIN),
                    part("From: rival@other.example\r\nSubject: secret\r\n\r\nPlease cancel my order.",
                         "message/rfc822", "Content-Disposition: attachment; filename=mail.eml")),
         text="See attached.\n\n[mail.eml]", silent=("cancel",), files=("mail.eml",)),
    Case(name="parts a forwarded mail without a name",
         raw=_multi(part("See below.", PLAIN),
                    part("From: a@b.example\r\nSubject: =?utf-8?q?Ol=C3=A1?=\r\n\r\nspeak to a human",
                         "message/rfc822")),
         text="See below.\n\n[Olá.eml]", silent=("human",)),
    Case(name="parts a digest",
         raw=_multi(b"\r\nFrom: a@b.example\r\nSubject: one\r\n\r\ncancel it",
                    b"\r\nFrom: a@b.example\r\nSubject: two\r\n\r\nrefund it", kind="multipart/digest"),
         silent=("cancel it", "refund it"), says=("one.eml", "two.eml")),
    Case(name="parts an inline picture of a page",
         raw=mail(joined(part("<p>See</p><img src='cid:a1' alt='crack'>", HTML),
                         part(b64encode(PNG), "image/png", "Content-ID: <a1>",
                              "Content-Disposition: inline; filename=crack.png",
                              "Content-Transfer-Encoding: base64")),
                  kind="multipart/related; boundary=x"),
         says=("See", "crack", "[crack.png]"), files=("crack.png",)),
    Case(name="parts another boundary than named",
         raw=mail(joined(part("Hello", PLAIN), boundary="y"), kind="multipart/mixed; boundary=x"), text="Hello"),
    Case(name="parts no boundary named", raw=mail(joined(part("Hello", PLAIN)), kind="multipart/mixed"), text="Hello"),
    Case(name="parts a boundary and nothing more", raw=mail("Hello", kind="multipart/alternative; boundary=x"),
         text="Hello"),
    Case(name="parts no end", raw=_multi(part("Hello", PLAIN), _attached("a.bin", b"abc"), end=False),
         text="Hello\n\n[a.bin]"),
    Case(name="parts one boundary begins another",
         raw=mail(joined(part(joined(part("Inner", PLAIN), boundary="xy"), "multipart/mixed; boundary=xy"),
                         part("Outer", PLAIN)), kind="multipart/mixed; boundary=x"), text="Inner\n\nOuter"),
    Case(name="parts a boundary with odd letters",
         raw=_multi(part("Hello", PLAIN), boundary="=_?:(a)+,-./ b"), text="Hello"),
    Case(name="parts empty", raw=mail("", kind="multipart/mixed; boundary=x", subject="Only this"),
         text="Only this"),
    Case(name="parts 3,000 nested", raw=mail(b"\r\n".join(
        f"--b{n}\r\nContent-Type: multipart/mixed; boundary=b{n + 1}\r\n".encode() for n in range(3000)),
        kind="multipart/mixed; boundary=b0")),
    Case(name="parts nested as programs do", raw=mail(joined(_deep(6)), kind="multipart/mixed; boundary=x"),
         text="deep"),
    Case(name="parts 2,000 side by side", raw=_multi(*[part(f"n{n}", PLAIN) for n in range(2000)]),
         says=("n0", "[…]")),
    Case(name="parts base64 that is broken", raw=mail("SGVsbG8g\n*dGhlcmU=", encoding="base64"), says=("Hello",)),
    Case(name="parts an encoding that is none", raw=mail("Hello there", encoding="x-rot13"), text="Hello there"),
    Case(name="parts quoted-printable with soft ends",
         raw=mail("One long =\nline =C3=A9 and=20\n2 =3D 2", encoding="quoted-printable"),
         text="One long line é and\n2 = 2"),
    Case(name="parts format=flowed", raw=mail("Where \nis it?\n-- \nAna", kind=PLAIN + "; format=flowed"),
         text="Where is it?"),
    Case(name="parts format=flowed delsp", raw=mail("注文 \nは", kind=PLAIN + "; format=flowed; delsp=yes"), text="注文は"),
    Case(name="parts a table of HTML",
         raw=mail("<table><tr><td>Order</td><td>1001</td><td>Qty</td><td>2</td></tr></table>"
                  "<ul><li>red</li></ul>Click <a href='https://photos.example/mug'>here</a>", kind=HTML),
         says=("Order 1001 Qty 2", "- red", "here (https://photos.example/mug)")),
    Case(name="parts hostile HTML",
         raw=mail("<script>alert(1)</script><style>p{}</style><p onclick=x>Hi</p><img src=x onerror=y>",
                  kind=HTML), text="Hi"),
    Case(name="parts HTML hidden in a comment", raw=mail("<!-- cancel --><p>Hi</p>", kind=HTML), text="Hi"),
    Case(name="parts HTML of 1,000 open elements", raw=mail("<div>" * 1000 + "Hi", kind=HTML), text="Hi"),
    Case(name="parts signed by S/MIME",
         raw=mail(joined(part("Hello", PLAIN), part(b"MIIG", "application/pkcs7-signature; name=smime.p7s")),
                  kind="multipart/signed; boundary=x"), says=("Hello", "smime.p7s")),
    Case(name="parts winmail.dat with its words",
         raw=mail(b64encode(_winmail("My chair broke, café", {"chair.jpg": b"JPG", "bill.pdf": b"%PDF"})),
                  kind="application/ms-tnef; name=winmail.dat", encoding="base64"),
         text="My chair broke, café\n\n[chair.jpg, bill.pdf]", files=("chair.jpg", "bill.pdf")),
    Case(name="parts winmail.dat beside the words",
         raw=_multi(part("My chair broke", PLAIN),
                    _attached("winmail.dat", _winmail("My chair broke", {"chair.jpg": b"JPG"}))),
         text="My chair broke\n\n[chair.jpg]", files=("chair.jpg",)),
    Case(name="parts winmail.dat that is none",
         raw=_multi(part("Hi", PLAIN), _attached("winmail.dat", b"not this")), text="Hi\n\n[winmail.dat]"),
    Case(name="parts an invitation",
         raw=mail(INVITATION, kind="text/calendar; charset=utf-8; method=REQUEST"),
         says=("📅 Fitting of the wardrobe", "2026-12-05 10:00 – 11:30", "12 Mill Lane, Leeds", "ana@example.com")),
    Case(name="parts an invitation beside words",
         raw=_multi(part("Can you come?", PLAIN), part("<p>Can you come?</p>", HTML),
                    part(INVITATION, "text/calendar; method=REQUEST"), kind="multipart/alternative"),
         says=("Can you come?", "📅 Fitting of the wardrobe")),
    Case(name="parts an invitation that is withdrawn",
         raw=mail(INVITATION.replace("METHOD:REQUEST", "METHOD:CANCEL"), kind="text/calendar"),
         says=("📅 ✕ Fitting",)),
    Case(name="parts an invitation that is none",
         raw=_multi(part("Hi", PLAIN), part("nothing", "text/calendar; name=a.ics")), text="Hi\n\n[a.ics]"),
)  # fmt: skip
