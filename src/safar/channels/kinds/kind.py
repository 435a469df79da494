"""What is registered of a channel: what it is called, what it needs, what it can do."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from safar.channels.kinds.limits import AnswerWindow, SendRate, TextLimit
from safar.channels.kinds.port import (
    ChannelAccount,
    ChannelSender,
    PostAnswer,
    PostReader,
    Verdict,
)
from safar.kernel.i18n import N_

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True, slots=True)
class Setting:
    """One field of an account's set-up page; `pattern`: what it has to look like, whole.

    `made`: we make the value (a word to verify by) when the account is made, and show it to be pasted
    elsewhere. `hidden`: for proxies and tests; stands in no form unless it is set.
    """

    name: str
    label: str
    hint: str | None = None
    required: bool = True
    secret: bool = False
    made: bool = False
    hidden: bool = False
    pattern: str | None = None
    wrong: str = N_("This is not written as it should be.")
    length_max: int = 500

    def fits(self, text: str) -> bool:
        return self.pattern is None or re.fullmatch(self.pattern, text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelKind:
    """A channel as it is registered in `channels/registry.py`.

    `identities`: by which kinds of names it knows people. `scope`: from an account's details, within what
    these are the same. `consent`: the channel of a customer's consent that it needs for what nobody asked
    for. `codes`: every documented error code and what it means (the kit holds it to be complete). `answer`:
    what a post gets back. `steps`: what to do at the provider, in order; {webhook}, {verify} and the like are
    filled in.
    """

    name: str
    label: str
    reader: PostReader
    sender: Callable[[ChannelAccount, "httpx.AsyncClient"], ChannelSender]
    settings: tuple[Setting, ...]
    identities: tuple[str, ...]
    text: TextLimit
    consent: str
    caption: TextLimit | None = None
    scope: Callable[[Mapping[str, str]], str] = lambda _details: ""
    window: AnswerWindow | None = None
    rates: tuple[SendRate, ...] = ()
    codes: Mapping[str, Verdict] = field(default_factory=dict)
    answer: PostAnswer = field(default_factory=PostAnswer)
    body_bytes_max: int = 3 * 1024 * 1024
    templates: bool = False
    media_bytes: Mapping[str, int] = field(default_factory=dict)
    steps: tuple[str, ...] = ()
    icon: str = "message"
