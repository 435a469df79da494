"""The one design of the shop's mails: an MJML page that is compiled once, filled for each mail."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup
from mrml import to_html

from safar.channels.letters import LetterPart, ShopLetter
from safar.kernel.i18n import _, direction, speaking
from safar.kernel.text import shortened
from safar.owner.colour import FIRST_COLOUR, palette_of
from safar.owner.marks import mark_path, mark_size
from safar.owner.model import Shop

_PREVIEW_MAX = 120
_LOGO_HEIGHT = 40
_BRIGHT = "#63cabb"
_LINK = re.compile(r"https?://[^\s<>\"]{1,2000}[^\s<>\".,;:!?)\]]")
_LEADING = {"fa": "1.85", "hi": "1.75"}


@dataclass(frozen=True, slots=True)
class MailLook:
    """How the shop shows itself in mails. `colour`: links; `fill`: buttons, `on_fill` words on them.

    `bright`: links in the dark; `logo`: its address, with its width at a height of 40.
    """

    name: str
    address: tuple[str, ...]
    url: str
    colour: str = FIRST_COLOUR
    fill: str = FIRST_COLOUR
    on_fill: str = "#ffffff"
    bright: str = _BRIGHT
    logo: str = ""
    logo_width: int = 0


@lru_cache(maxsize=64)
def mail_look(shop: Shop, url: str) -> MailLook:
    """Return the look of a shop whose pages are below `url`."""
    url = url.rstrip("/")
    its = palette_of(shop.colour)
    bright = its.words_dark if shop.colour != FIRST_COLOUR else _BRIGHT
    if not shop.logo:
        return MailLook(shop.name, shop.address, url, its.words, its.fill, its.on_fill, bright)
    width, height = mark_size(shop.logo)
    logo = f"{url}{mark_path(shop.logo)}"
    shown = round(width * _LOGO_HEIGHT / height)
    return MailLook(shop.name, shop.address, url, its.words, its.fill, its.on_fill, bright, logo, shown)


@lru_cache(maxsize=1)
def _template() -> Template:
    """Return the page with its places to fill: MJML is read once in a process that makes mail."""
    source = (Path(__file__).parent / "mail.mjml").read_text(encoding="utf-8")
    html = to_html(source).content.replace("text-align:left;direction:ltr", "text-align:{{ start }}")
    return Environment(autoescape=True, undefined=StrictUndefined).from_string(html)


def mail_page(
    letter: ShopLetter,
    *,
    subject: str,
    language: str,
    look: MailLook,
    only: str | None = None,
    unsubscribe: str = "",
    heading: bool = True,
) -> str:
    """Return the mail as HTML.

    With `only`, no address in a text is a link but those of this site; buttons lead where they say.
    """
    start, end = ("right", "left") if direction(language) == "rtl" else ("left", "right")
    with speaking(language):
        word = _("Unsubscribe")
    shown = [_shown(part, look, only) for part in letter.parts]
    return _template().render(
        lang=language,
        dir=direction(language),
        start=start,
        end=end,
        leading=_LEADING.get(language, "1.6"),
        subject=subject,
        heading=subject if heading else "",
        preview=_preview(letter.parts),
        parts=shown,
        look=look,
        unsubscribe=unsubscribe,
        unsubscribe_word=word,
    )


def paragraphs_of(text: str) -> list[LetterPart]:
    """Return a mail that was written as text: its paragraphs."""
    return [
        LetterPart("text", part.strip())
        for part in re.split(r"\n[ \t]{0,100}\n", text.strip())
        if part.strip()
    ]


def _shown(part: LetterPart, look: MailLook, only: str | None) -> dict[str, Any]:
    shown: dict[str, Any] = {"kind": part.kind, "text": part.text, "url": part.url, "rows": part.rows}
    if part.kind == "goods":
        rows = [(title, amount, _own(look, picture), number) for title, amount, picture, number in part.rows]
        shown |= {"rows": rows, "pictures": any(row[2] for row in rows)}
    elif part.kind == "picture":
        shown["url"] = _own(look, part.url)
    elif part.kind not in ("button", "sums", "facts", "lines"):
        shown["html"] = _paragraphs(part.text, only)
    return shown


def _own(look: MailLook, path: str) -> str:
    return f"{look.url}{path}" if path.startswith("/") else ""


def _preview(parts: Sequence[LetterPart]) -> str:
    """Return what a list of mails shows beside the subject: what is new."""
    said = [part.text for part in parts if part.kind in ("intro", "text")]
    chosen = next((part.text for part in parts if part.kind == "intro"), said[0] if said else "")
    return shortened(chosen, _PREVIEW_MAX)


def _paragraphs(text: str, only: str | None) -> Markup:
    parts = [part.strip() for part in re.split(r"\n[ \t]{0,100}\n", text) if part.strip()]
    linked = [_linked(part, only) for part in parts]
    several = "".join(f'<p style="margin:0 0 12px;">{part}</p>' for part in linked)
    return Markup(linked[0] if len(linked) == 1 else several)  # noqa: S704  # escaped piece by piece


def _linked(text: str, only: str | None) -> str:
    parts: list[str] = []
    position = 0
    for found in _LINK.finditer(text):
        url = escape(found.group())
        followed = only is None or found.group().startswith(only.rstrip("/") + "/")
        link = f'<a href="{url}">{url}</a>' if followed else url
        parts += [escape(text[position : found.start()]), link]
        position = found.end()
    return "".join([*parts, escape(text[position:])]).replace("\n", "<br>\n")
