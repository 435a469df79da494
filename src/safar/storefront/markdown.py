"""Markdown of the shop as HTML: headings, lists, links, tables; nothing of it is taken for HTML."""

from functools import lru_cache

from markdown_it import MarkdownIt
from markupsafe import Markup

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table").disable("image")
_LEVEL_MAX = 6


@lru_cache(maxsize=256)
def written(text: str) -> Markup:
    """Return a text as HTML. Its headings begin one level below that of the page.

    Tags are shown as they were typed; a link leads to http, https, mailto or a path, never to a script.
    """
    tokens = _MARKDOWN.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 1, _LEVEL_MAX)}"
    html = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    return Markup(html)  # noqa: S704 - the renderer escapes what was typed, and knows no raw HTML
