"""Telegram, as it is registered."""

from typing import TYPE_CHECKING

from safar.channels.kinds.kind import ChannelKind, Setting
from safar.channels.kinds.limits import SendRate
from safar.channels.kinds.port import ChannelAccount, ChannelSender
from safar.channels.kinds.telegram.codes import CODES
from safar.channels.kinds.telegram.limits import CAPTION, PHOTO_BYTES_MAX, TEXT, UPLOAD_BYTES_MAX
from safar.channels.kinds.telegram.reader import TELEGRAM, TelegramReader
from safar.kernel.i18n import N_

if TYPE_CHECKING:
    import httpx


def _sender(account: ChannelAccount, client: "httpx.AsyncClient") -> ChannelSender:
    from safar.channels.kinds.telegram.sender import TelegramSender

    return TelegramSender(account, client)


KIND = ChannelKind(
    name=TELEGRAM,
    label=N_("Telegram"),
    reader=TelegramReader(),
    sender=_sender,
    settings=(
        Setting(
            "bot_token",
            N_("Token of the bot"),
            N_("From @BotFather, like 123456789:AAH…"),
            secret=True,
            pattern=r"\d{3,20}:[A-Za-z0-9_-]{20,100}",
            wrong=N_("A token is a number, a colon and letters."),
        ),
        Setting("secret_token", N_("Secret of the address"), secret=True, made=True),
        Setting("api_url", N_("Address of the API"), required=False, hidden=True),
        Setting(
            "timeout_s", N_("Seconds to wait for an answer"), required=False, hidden=True, pattern=r"[\d.]+"
        ),
    ),
    identities=(TELEGRAM,),
    text=TEXT,
    caption=CAPTION,
    consent=TELEGRAM,
    rates=(SendRate("bot", 30, 1.0, for_staff=5), SendRate("chat", 20, 20.0, scope="address")),
    codes=CODES,
    body_bytes_max=1024 * 1024,
    media_bytes={
        "image": PHOTO_BYTES_MAX,
        "audio": UPLOAD_BYTES_MAX,
        "video": UPLOAD_BYTES_MAX,
        "document": UPLOAD_BYTES_MAX,
    },
    steps=(
        N_("In Telegram, write to @BotFather, send /newbot and choose a name."),
        N_("Paste the token that it gives you. Safar tells Telegram the address by itself."),
        N_("If customers write to your own account, switch on Business Mode in @BotFather, Bot Settings."),
    ),
    icon="telegram",
)
