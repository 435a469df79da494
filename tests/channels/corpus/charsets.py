"""Charsets: labelled rightly, wrongly, not at all, and with names that are none."""

from base64 import b64encode

from tests.channels.corpus.case import Case, mail

PERSIAN = "سلام، سفارش من کجاست؟ دو روز است كه منتظرم"
HINDI = "नमस्ते, मेरा ऑर्डर कहाँ है?"
PORTUGUESE = "Olá, não recebi a minha encomenda à hora. Obrigado, João"
CURLY = "It’s “broken” – I paid €42…"
RUSSIAN = "Здравствуйте, где мой заказ?"


def _labelled(name: str, text: str, charset: str, label: str | None = None) -> Case:
    raw = mail(text.encode(charset), kind=f"text/plain; charset={label or charset}")
    return Case(name=f"charset {name}", raw=raw, text=text)


def _bare(name: str, text: str, charset: str, kind: str | None) -> Case:
    return Case(name=f"charset {name}", raw=mail(text.encode(charset), kind=kind), text=text)


def _html(name: str, text: str, charset: str, head: str, kind: str = "text/html") -> Case:
    markup = f"<html><head>{head}</head><body><p>{text}</p></body></html>".encode(charset)
    return Case(name=f"charset {name}", raw=mail(markup, kind=kind), text=text)


CASES = (
    _labelled("utf-8 persian", PERSIAN, "utf-8"),
    _labelled("utf-8 hindi", HINDI, "utf-8"),
    _labelled("windows-1256", PERSIAN, "windows-1256"),
    _labelled("iso-8859-1", PORTUGUESE, "iso-8859-1"),
    _labelled("iso-8859-15", "Preço: 5 € à vista", "iso-8859-15"),
    _labelled("cp1252 labelled latin-1", CURLY, "cp1252", "iso-8859-1"),
    _labelled("cp1252 labelled us-ascii", CURLY, "cp1252", "us-ascii"),
    _labelled("cp1252 labelled utf-8", PORTUGUESE, "cp1252", "utf-8"),
    _labelled("utf-8 labelled us-ascii", PERSIAN, "utf-8", "us-ascii"),
    _labelled("utf-8 labelled latin-1", PORTUGUESE, "utf-8", "iso-8859-1"),
    _labelled("utf-8 labelled windows-1256", PERSIAN, "utf-8", "windows-1256"),
    _labelled("windows-1256 labelled latin-1", PERSIAN, "windows-1256", "iso-8859-1"),
    _labelled("windows-1256 labelled utf-8", PERSIAN, "windows-1256", "utf-8"),
    _labelled("windows-1251", RUSSIAN, "windows-1251"),
    _labelled("koi8-r", RUSSIAN, "koi8-r"),
    _labelled("gb2312 with letters of gbk", "你好，我的訂單在哪里？", "gbk", "gb2312"),
    _labelled("iso-2022-jp", "注文はどこですか", "iso-2022-jp"),
    _labelled("shift_jis", "注文はどこですか", "shift_jis"),
    _labelled("ks_c_5601-1987", "주문은 어디에 있습니까", "cp949", "ks_c_5601-1987"),
    _labelled("utf-16 with its mark", PERSIAN, "utf-16"),
    _labelled("utf-16 that is utf-8", PERSIAN, "utf-8", "utf-16"),
    _labelled("quoted label", PERSIAN, "utf-8", '"utf-8"'),
    _labelled("label in capitals with a space", PERSIAN, "utf-8", "UTF-8 "),
    _labelled("label utf8", PERSIAN, "utf-8", "utf8"),
    _labelled("unknown label", PORTUGUESE, "cp1252", "x-unknown"),
    _labelled("no such charset", PORTUGUESE, "utf-8", "no-such-charset"),
    _labelled("undefined", "My order is broken", "ascii", "undefined"),
    _labelled("idna", "My order is broken", "ascii", "idna"),
    _labelled("unicode_escape", "My \\u0441 order", "ascii", "unicode_escape"),
    _labelled("a codec of bytes", "My order", "ascii", "base64"),
    _bare("no label utf-8", PERSIAN, "utf-8", "text/plain"),
    _bare("no label windows-1256", PERSIAN, "windows-1256", "text/plain"),
    _bare("no label cp1252", CURLY, "cp1252", "text/plain"),
    _bare("no content type", PORTUGUESE, "cp1252", None),
    _bare("no content type hindi", HINDI, "utf-8", None),
    _bare("no label russian", RUSSIAN, "windows-1251", "text/plain"),
    _bare("byte order mark", PERSIAN, "utf-8-sig", "text/plain; charset=iso-8859-1"),
    _html("meta http-equiv", PORTUGUESE, "cp1252",
          '<meta http-equiv="Content-Type" content="text/html; charset=windows-1252">'),
    _html("meta charset", PERSIAN, "windows-1256", "<meta charset=windows-1256>"),
    _html("meta and another label", PERSIAN, "utf-8", "<meta charset=windows-1252>",
          "text/html; charset=utf-8"),
    _html("meta utf-16 that cannot be", PERSIAN, "utf-8", '<meta charset="utf-16">'),
    _html("meta that lies", PORTUGUESE, "utf-8", '<meta charset="iso-8859-1">'),
    Case(name="charset utf-7 is refused",
         raw=mail("+ADw-script+AD4-alert(1)+ADw-/script+AD4- hello", kind="text/html; charset=utf-7"),
         says=("+ADw-script", "hello")),
    Case(name="charset utf-7 in a subject",
         raw=mail("x", subject="=?utf-7?q?+ADw-b+AD4-?="), subject="+ADw-b+AD4-"),
    Case(name="charset a NUL in the label",
         raw=mail(b"My order is broken", kind="text/plain; charset=utf\x00-8"), text="My order is broken"),
    Case(name="charset control characters go",
         raw=mail(b"Hel\x00lo\x07 \xc2\x85there\xc2\x9b", kind="text/plain; charset=utf-8"),
         silent=("\x00", "\x07", "\x9b")),
    Case(name="charset base64 of windows-1256",
         raw=mail(b64encode(PERSIAN.encode("cp1256")), kind="text/plain; charset=windows-1256",
                  encoding="base64"), text=PERSIAN),
    Case(name="charset quoted-printable cp1252",
         raw=mail("N=E3o recebi o caf=E9 =96 100%", kind="text/plain; charset=iso-8859-1",
                  encoding="quoted-printable"), text="Não recebi o café – 100%"),
    Case(name="charset emoji and joiners", raw=mail("سفارش می‌خواهم 🎁 👩‍👩‍👧"), text="سفارش می‌خواهم 🎁 👩‍👩‍👧"),
)  # fmt: skip
