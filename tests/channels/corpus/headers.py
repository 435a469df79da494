"""Headers: encoded words as programs write them, raw bytes, folding, odd addresses, very long lines."""

from base64 import b64encode

from tests.channels.corpus.case import Case, mail


def _b(text: str, charset: str = "utf-8") -> str:
    return f"=?{charset}?B?{b64encode(text.encode(charset)).decode()}?="


def _cut(text: str, at: int) -> str:
    raw = text.encode()
    first, last = b64encode(raw[:at]).decode(), b64encode(raw[at:]).decode()
    return f"=?utf-8?B?{first}?= =?utf-8?B?{last}?="


CASES = (
    Case(name="words base64", raw=mail(subject=_b("پیام من")), subject="پیام من"),
    Case(name="words quoted", raw=mail(subject="=?iso-8859-1?Q?Informa=E7=E3o_nova?="),
         subject="Informação nova"),
    Case(name="words cut within a character", raw=mail(subject=_cut("پیام", 3)), subject="پیام"),
    Case(name="words of a name cut within a character",
         raw=mail(sender=_cut("علی رضایی", 5) + " <ali@example.com>"), sender="علی رضایی",
         address="ali@example.com"),
    Case(name="words cut on a folded line",
         raw=mail(subject=_cut("سفارش من کجاست", 7).replace(" ", "\r\n ")), subject="سفارش من کجاست"),
    Case(name="words quoted and cut", raw=mail(subject="=?utf-8?Q?caf=C3?= =?utf-8?Q?=A9?="), subject="café"),
    Case(name="words two charsets", raw=mail(subject=f"{_b('é', 'latin-1')} {_b('پیام')}"), subject="éپیام"),
    Case(name="words with text between", raw=mail(subject=f"Re: {_b('پیام')} (2)"), subject="Re: پیام (2)"),
    Case(name="words glued to text", raw=mail(subject="Order=?utf-8?q?_n=C2=BA_7?=."), subject="Order nº 7."),
    Case(name="words within quotes", raw=mail(sender='"=?utf-8?q?Jo=C3=A3o?=" <j@example.com>'), sender="João"),
    Case(name="words with a language", raw=mail(subject="=?utf-8*pt?q?Ol=C3=A1?="), subject="Olá"),
    Case(name="words with spaces inside", raw=mail(subject="=?utf-8?Q?My order?="), subject="My order"),
    Case(name="words base64 without its padding", raw=mail(subject="=?utf-8?B?2b4?="), subject="پ"),
    Case(name="words base64 that is none", raw=mail("x", subject="=?utf-8?B?!!?="), text="x"),
    Case(name="words in a charset that is none", raw=mail(subject="=?x-no?q?Ol=C3=A1?="), subject="Olá"),
    Case(name="words latin-1 that is cp1252", raw=mail(subject="=?iso-8859-1?Q?5=80?="), subject="5€"),
    Case(name="words very long", raw=mail(subject=" ".join([_b("سفارش من ")] * 60)), says=("Hello",)),
    Case(name="raw latin-1 subject and name",
         raw=mail(subject="Informação".encode("latin-1"), sender="João <j@example.com>".encode("latin-1")),
         subject="Informação", sender="João"),
    Case(name="raw utf-8 subject and name",
         raw=mail(subject="سفارش", sender="علی <ali@example.com>"), subject="سفارش", sender="علی"),
    Case(name="raw windows-1256 subject", raw=mail(subject="سفارش من".encode("cp1256")), subject="سفارش من"),
    Case(name="a name that pretends to be an address",
         raw=mail(sender="=?utf-8?q?boss=40safar.example=3E?= <eve@evil.example>"),
         address="eve@evil.example"),
    Case(name="a comment as name", raw=mail(sender="ana@example.com (Ana Souza)"), sender="Ana Souza"),
    Case(name="a comma in the name", raw=mail(sender='"Souza, Ana" <ana@example.com>'), sender="Souza, Ana"),
    Case(name="an address of a script", raw=mail(sender="मीरा <मीरा@उदाहरण.भारत>"), address="मीरा@उदाहरण.भारत"),
    Case(name="an address with a domain in ASCII", raw=mail(sender="Ann <ann@xn--bcher-kva.example>"),
         address="ann@bücher.example"),
    Case(name="an address with capitals", raw=mail(sender="ANA <Ana@EXAMPLE.com>"), address="ana@example.com"),
    Case(name="no From, an envelope sender", raw=mail(sender=""), address="ana@example.com"),
    Case(name="no sender at all", raw=mail(sender=""), envelope_from=None,
         error="no sender that could be answered"),
    Case(name="nested comments", raw=mail("x", sender="(" * 900 + ")" * 900 + " ana@example.com"), says=("x",)),
    Case(name="a folded subject", raw=mail(subject="A long\r\n  subject\r\n\tgoes on"),
         subject="A long subject goes on"),
    Case(name="headers without a body", raw=b"From: ana@example.com\r\nSubject: Call me\r\n", text="Call me"),
    Case(name="a mailbox file's first line", raw=b"From ana@example.com Mon Nov 30\r\n" + mail("x"), text="x"),
    Case(name="lines ended by LF", raw=mail("a\nb").replace(b"\r\n", b"\n"), text="a\nb"),
    Case(name="a line of 1,500 bytes", raw=mail("Please help." + " x" * 744), says=("Please help. x x",)),
    Case(name="a line of 70,000 bytes", raw=mail("word " * 14_000), says=("word word", "[…]")),
    Case(name="5,000 recipients", raw=mail("x", Cc=", ".join(f"p{n}@example.com" for n in range(5000))), text="x"),
    Case(name="5,000 header lines", raw=mail("x", **{f"X_{n}": "y" for n in range(5000)}), says=("x",)),
    Case(name="a subject only", raw=mail("", subject="URGENT: cancel my order"), text="URGENT: cancel my order"),
    Case(name="emoji and right to left", raw=mail("ok", subject=_b("سفارش 🎁 کجاست؟")), subject="سفارش 🎁 کجاست؟"),
)  # fmt: skip
