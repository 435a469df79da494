"""The signed HTTP channel, as it is registered."""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from safar.channels.kinds.http.codes import CODES
from safar.channels.kinds.http.reader import HTTP, HttpReader
from safar.channels.kinds.kind import ChannelKind, Setting
from safar.channels.kinds.limits import TextLimit
from safar.channels.kinds.port import ChannelAccount, ChannelSender
from safar.kernel.i18n import N_

if TYPE_CHECKING:
    import httpx


def _sender(account: ChannelAccount, client: "httpx.AsyncClient") -> ChannelSender:
    from safar.channels.kinds.http.sender import HttpSender

    return HttpSender(account, client)


def _scope(details: Mapping[str, str]) -> str:
    """Return the program whose ids these are: two accounts at one host know the same people."""
    try:
        return urlsplit(details.get("url", "")).hostname or ""
    except ValueError:
        return ""


KIND = ChannelKind(
    name=HTTP,
    label=N_("Your own program (signed HTTP)"),
    reader=HttpReader(),
    sender=_sender,
    settings=(
        Setting("url", N_("Address that messages are posted to"), pattern=r"https?://[^\s@]+"),
        Setting("secret", N_("Signing secret"), N_("Begins with whsec_."), secret=True, made=True),
        Setting(
            "private",
            N_("The address may be in our own network"),
            N_("Write yes only if you run the program yourself."),
            required=False,
            pattern="yes",
        ),
        Setting("api_url", N_("Address of the API"), required=False, hidden=True),
        Setting(
            "timeout_s", N_("Seconds to wait for an answer"), required=False, hidden=True, pattern=r"[\d.]+"
        ),
    ),
    identities=(HTTP,),
    scope=_scope,
    text=TextLimit(100_000),
    consent=HTTP,
    codes=CODES,
    media_bytes={"image": 10_000_000, "audio": 10_000_000, "video": 10_000_000, "document": 10_000_000},
    steps=(
        N_("Have your program post to {webhook}, signed with the secret: docs/channels/http.md says how."),
        N_("Have it take what Safar posts, check the signature, and answer with the id of the message."),
    ),
    icon="code",
)
