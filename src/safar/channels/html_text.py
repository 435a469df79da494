"""HTML to lines of text, in time that grows with its length and never faster.

The parser reports tags as they come and builds no tree: trees of hostile HTML (a few thousand open elements)
cost every HTML5 library the square of their size.
"""

import re
from html import unescape
from typing import Any

from lxml import etree

from safar.channels.quotes import LineMark, MailLine

DEPTH_MAX = 300
_TAG = re.compile(r"<[^<>]*>?")
_LINK_MAX = 500
_ALT_MAX = 60
_SILENT = frozenset({"script", "style", "title", "template"})
_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "center", "dd", "div", "dl", "dt", "fieldset",
    "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "li", "main",
    "nav", "ol", "p", "pre", "section", "table", "tbody", "thead", "tr", "ul",
})  # fmt: skip
_PARAGRAPHS = frozenset({"p", "table", "ul", "ol", "blockquote", "h1", "h2", "h3", "h4"})
# What mail programs put around the mail that is answered.
_CITED = ("gmail_quote", "yahoo_quoted", "protonmail_quote", "zmail_extra", "moz-cite", "cite")
_REST_IS_QUOTED = frozenset({"divrplyfwdmsg", "appendonsend", "mail-editor-reference-message-container"})


class _TooDeep(Exception):
    """More elements are open than any mail program leaves open."""


def lines_of_html(markup: str) -> list[MailLine]:
    """Return the lines that somebody who reads the HTML sees; links with where they lead."""
    target = _Lines()
    parser = etree.HTMLParser(target=target, encoding="utf-8")
    try:
        parser.feed(markup.replace("\x00", "").encode("utf-8", "replace"))
        parser.close()
    except _TooDeep:
        return [MailLine(" ".join(line.split())) for line in unescape(_TAG.sub("\n", markup)).splitlines()]
    except etree.LxmlError:  # nothing in it, or nothing after what was read
        pass
    return target.lines()


class _Lines:
    """Takes the parser's events."""

    def __init__(self) -> None:
        self._done: list[MailLine] = []
        self._words: list[str] = []
        self._open: list[tuple[str, bool]] = []  # (tag, whether it is a quote)
        self._silent = 0
        self._pre = 0
        self._quotes = 0
        self._sure = 0
        self._link = ""
        self._link_at = 0

    def start(self, tag: str, attributes: Any) -> None:
        if len(self._open) >= DEPTH_MAX:
            raise _TooDeep
        named = f"{attributes.get('class', '')} {attributes.get('type', '')}".lower()[:300]
        is_quote = tag == "blockquote" or "yahoo_quoted" in named
        if tag in _BLOCKS or is_quote:
            self._end_line(blank=tag in _PARAGRAPHS)
        elif tag == "br":
            self._end_line(blank=not any(word.strip() for word in self._words))
        self._open.append((tag, is_quote))
        self._silent += tag in _SILENT
        self._pre += tag == "pre"
        if is_quote:
            self._quotes += 1
            self._sure += any(word in named for word in _CITED)
        if attributes.get("id", "").lower() in _REST_IS_QUOTED:
            self._done.append(MailLine("", LineMark.BEGINS))
        if tag in ("td", "th"):
            self._words.append(" ")
        elif tag == "li":
            self._words.append("- ")
        elif tag == "a":
            self._link, self._link_at = attributes.get("href", "")[:_LINK_MAX], len(self._words)
        elif tag == "img" and (alt := attributes.get("alt", "").strip()):
            self._words.append(f" {alt[:_ALT_MAX]} ")

    def end(self, tag: str) -> None:
        while any(tag == opened for opened, _quote in reversed(self._open)):
            opened, was_quote = self._open.pop()
            self._silent -= opened in _SILENT
            self._pre -= opened == "pre"
            if opened == "a":
                self._end_link()
            if was_quote:
                self._end_line()
                self._quotes -= 1
                self._sure = min(self._sure, self._quotes)
                self._end_line(blank=True)
            if opened == tag:
                break
        if tag in _BLOCKS:
            self._end_line(blank=tag in _PARAGRAPHS)

    def data(self, text: str) -> None:
        if self._silent:
            return
        if not self._pre:
            self._words.append(text)
            return
        first, *rest = text.split("\n")
        self._words.append(first)
        for line in rest:
            self._end_line()
            self._words.append(line)

    def comment(self, text: str) -> None:
        pass

    def pi(self, *_parts: str) -> None:
        pass

    def close(self) -> None:
        self._end_line()

    def lines(self) -> list[MailLine]:
        self._end_line()
        return self._done

    def _end_link(self) -> None:
        link, words = self._link, "".join(self._words[self._link_at :])
        self._link = ""
        if link.lower().startswith(("http://", "https://")) and link.strip("/") not in words:
            self._words.append(f" ({link})")

    def _end_line(self, *, blank: bool = False) -> None:
        text = " ".join("".join(self._words).split())
        self._words, self._link_at = [], 0
        mark = LineMark.NONE if not self._quotes else LineMark.SURE if self._sure else LineMark.QUOTED
        before = "> " * min(self._quotes, 5)
        if text:
            self._done.append(MailLine(before + text, mark))
        if blank and self._done and self._done[-1].text.strip("> "):
            self._done.append(MailLine(before.strip(), mark))
