"""First pages: what is shown before a browser has shown that it keeps a cookie.

Such a request may be anybody's: a customer's first, a crawler's, the preview of a link in a chat. It gets the
page it asked for and takes nothing that lasts: no place, no number, no row. A page counts here for a short
while, in memory, so that first pages alone never fill a site; who keeps the cookie comes in as soon as it is
back, which the page's own first request does (see here.py).
"""

import re
import time
from collections import deque

from starlette.datastructures import Headers

from safar.kernel.web.headers import list_of

LIFE_S = 20.0
_AGENT_MAX = 500
_SPARE = 10  # pages within LIFE_S that programs get however full the site is: previews, search engines
# Apps that show what a link leads to. Many of their names are in the browsers inside of these apps as well,
# so they count only at the beginning, where a browser says Mozilla.
_PREVIEW = re.compile(
    r"^(whatsapp|viber|pinterest|snapchat|tumblr|flipboard|signal|mastodon|bluesky|line-poker)"
    r"|facebookexternalhit|facebookcatalog|telegrambot|twitterbot|slackbot|discordbot|linkedinbot"
    r"|pinterestbot|redditbot|skypeuripreview|vkshare|iframely|embedly|kakaotalk-scrap|applebot|cardyb"
)
# Cubot makes phones.
_CRAWLER = re.compile(
    r"(?<!cu)bot|crawl|spider|slurp|archiver|meta-external|google-inspectiontool|googleother"
    r"|mediapartners-google|feedfetcher|scrapy"
)


class Looks:
    """Counts the first pages of one room in this process; `processes` share what is free.

    Programs are counted apart: a crawler's pages must not send people the longer way in.
    """

    def __init__(self, processes: int) -> None:
        self._processes = processes
        self._ends: tuple[deque[float], deque[float]] = (deque(), deque())

    def take(self, free: int, *, program: bool) -> bool:
        """Tell whether one more first page is shown while `free` places are free."""
        now, ends = time.monotonic(), self._ends[program]
        while ends and ends[0] <= now:
            ends.popleft()
        most = -(-free // self._processes)
        if program:
            most = max(most, _SPARE)
        if len(ends) >= most:
            return False
        ends.append(now + LIFE_S)
        return True


def is_preview(headers: Headers) -> bool:
    """Tell whether the caller fetches a link preview; it would show any other answer as the page."""
    return _PREVIEW.search(_agent(headers)) is not None


def is_crawler(headers: Headers) -> bool:
    """Tell whether the caller calls itself a program that visits pages for others.

    Whoever lies about it gains nothing: as a crawler they get no place, as a browser they need its cookie.
    """
    agent = _agent(headers)
    return _CRAWLER.search(agent) is not None or _PREVIEW.search(agent) is not None


def is_browser(headers: Headers) -> bool:
    """Tell whether the caller may be a browser, whose user can be sent to a waiting page."""
    return not is_crawler(headers) and ("sec-fetch-mode" in headers or "mozilla/" in _agent(headers))


def only_looks(method: str, headers: Headers) -> bool:
    """Tell whether nothing is wanted yet: a HEAD, or a page fetched in case somebody follows its link."""
    ahead = any("prefetch" in list_of(headers, name) for name in ("sec-purpose", "purpose", "x-moz"))
    return method == "HEAD" or ahead


def _agent(headers: Headers) -> str:
    return headers.get("user-agent", "").lower()[:_AGENT_MAX]
