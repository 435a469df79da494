"""A mail's HTML as its sender meant it, without anything that runs or tells the sender that it was read.

It is shown in a frame of its own without scripts, forms or our cookies (`sandbox`), under a policy that lets
it fetch nothing; pictures from elsewhere only when somebody asks for them. Pictures that came with the mail
are put into the page.
"""

import base64
import re
from collections.abc import Mapping

import nh3
import orjson

PAGE_BYTES_MAX = 1_000_000
_PICTURES_BYTES_MAX = 8_000_000
_CID = re.compile(r"^cid:(.{1,200})$", re.IGNORECASE)
_DATA = re.compile(r"data:image/(?:png|jpe?g|gif|webp);base64,", re.IGNORECASE)
_TAGS = frozenset({
    "a", "abbr", "address", "article", "aside", "b", "bdi", "bdo", "big", "blockquote", "br", "caption",
    "center", "cite", "code", "col", "colgroup", "dd", "del", "details", "dfn", "div", "dl", "dt", "em",
    "figcaption", "figure", "font", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "i", "img",
    "ins", "kbd", "li", "main", "mark", "nav", "ol", "p", "pre", "q", "s", "samp", "section", "small", "span",
    "strike", "strong", "style", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead",
    "time", "tr", "tt", "u", "ul", "var", "wbr",
})  # fmt: skip
_EVERYWHERE = frozenset({
    "align", "bgcolor", "border", "cellpadding", "cellspacing", "class", "color", "dir", "height", "lang",
    "style", "title", "valign", "width",
})  # fmt: skip
_ATTRIBUTES = {
    "*": set(_EVERYWHERE),
    "a": {"href", "name"},
    "img": {"src", "alt"},
    "td": {"colspan", "rowspan", "nowrap"},
    "th": {"colspan", "rowspan", "nowrap", "scope"},
    "col": {"span"},
    "colgroup": {"span"},
    "font": {"face", "size"},
    "ol": {"start", "type"},
    "blockquote": {"cite"},
    "time": {"datetime"},
}
_PICTURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
}


def safe_page(body: bytes) -> str:
    """Return a mail's page made harmless, for a process of its own. `body`: JSON of html and pictures."""
    asked = orjson.loads(body)
    pictures: Mapping[str, str] = asked["pictures"]

    def allowed(tag: str, name: str, value: str) -> str | None:
        if (tag, name) == ("img", "src") and (found := _CID.match(value.strip())):
            return pictures.get(found[1], "")
        if value.strip().lower().startswith("data:"):
            return value if (tag, name) == ("img", "src") and _DATA.match(value.strip()) else None
        return value

    html = nh3.clean(
        asked["html"][:PAGE_BYTES_MAX],
        tags=set(_TAGS),
        clean_content_tags={"script", "title", "noscript", "template", "iframe", "object", "svg", "math"},
        attributes=_ATTRIBUTES,
        attribute_filter=allowed,
        url_schemes={"http", "https", "mailto", "tel", "data", "cid"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    return (
        '<!DOCTYPE html><html><head><meta charset="utf-8"><meta name="referrer" content="no-referrer">'
        f'<meta name="color-scheme" content="light"></head><body dir="auto">{html}</body></html>'
    )


def picture_data(pictures: Mapping[str, bytes]) -> dict[str, str]:
    """Return pictures that came with a mail as a page can hold them; by what they are, not as they say."""
    shown: dict[str, str] = {}
    left = _PICTURES_BYTES_MAX
    for content_id, content in pictures.items():
        mime = next((mime for mark, mime in _PICTURES.items() if content.startswith(mark)), None)
        if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            mime = "image/webp"
        if mime is not None and len(content) <= left:
            left -= len(content)
            shown[content_id] = f"data:{mime};base64,{base64.b64encode(content).decode()}"
    return shown
