"""Instagram and Messenger as they are registered."""

from datetime import timedelta
from typing import TYPE_CHECKING

from safar.channels.kinds.graph import APP_SETTINGS, id_setting
from safar.channels.kinds.kind import ChannelKind, Setting
from safar.channels.kinds.limits import AnswerWindow, SendRate, TextLimit
from safar.channels.kinds.meta.codes import CODES
from safar.channels.kinds.meta.reader import MetaReader
from safar.channels.kinds.port import ChannelAccount, ChannelSender
from safar.kernel.i18n import N_

if TYPE_CHECKING:
    import httpx

_WINDOW = AnswerWindow(timedelta(hours=24), people=timedelta(days=7))
_MEGABYTE = 1024 * 1024
_MEDIA_BYTES = {
    "image": 8 * _MEGABYTE,
    "audio": 25 * _MEGABYTE,
    "video": 25 * _MEGABYTE,
    "document": 25 * _MEGABYTE,
}
INSTAGRAM_TEXT, MESSENGER_TEXT = TextLimit(1000, "bytes"), TextLimit(2000)
_APP_ID = id_setting(
    "app_id",
    N_("App ID"),
    N_("By it we know our own messages when they come back, and what a colleague wrote in the app."),
)
_STEPS = (
    N_("In the app dashboard of Meta: add the product for messages, and copy the ids and the app secret."),
    N_("Callback address {webhook}, verify token {verify}."),
)


def _instagram_sender(account: ChannelAccount, client: "httpx.AsyncClient") -> ChannelSender:
    from safar.channels.kinds.meta.sender import MetaSender

    return MetaSender(account, client, kind="instagram", text=INSTAGRAM_TEXT)


def _messenger_sender(account: ChannelAccount, client: "httpx.AsyncClient") -> ChannelSender:
    from safar.channels.kinds.meta.sender import MetaSender

    return MetaSender(account, client, kind="messenger", text=MESSENGER_TEXT)


INSTAGRAM = ChannelKind(
    name="instagram",
    label="Instagram",
    reader=MetaReader("instagram", "instagram", "instagram_id"),
    sender=_instagram_sender,
    settings=(
        id_setting(
            "instagram_id",
            N_("Instagram account ID"),
            N_("The one that Meta posts with (user_id), not the one of the profile (id)."),
        ),
        id_setting(
            "page_id",
            N_("Facebook page ID"),
            N_("Where the account is connected with a page. Files can be sent with a page only."),
            required=False,
        ),
        _APP_ID,
        *APP_SETTINGS,
        Setting(
            "other_app_secret",
            N_("Instagram app secret"),
            N_("Where Instagram's own login is used: Meta signs with either of the two."),
            required=False,
            secret=True,
        ),
    ),
    identities=("instagram",),
    scope=lambda details: details.get("instagram_id", ""),
    text=INSTAGRAM_TEXT,
    consent="instagram",
    window=_WINDOW,
    rates=(SendRate("account", 300, 1.0, for_staff=30),),
    codes=CODES,
    media_bytes=_MEDIA_BYTES,
    steps=(
        *_STEPS,
        N_("Subscribe to messages, messaging_postbacks, messaging_seen, message_reactions, "
           "messaging_referral; not to comments."),
    ),
    icon="brand-instagram",
)  # fmt: skip

MESSENGER = ChannelKind(
    name="messenger",
    label="Messenger",
    reader=MetaReader("messenger", "page", "page_id"),
    sender=_messenger_sender,
    settings=(id_setting("page_id", N_("Facebook page ID")), _APP_ID, *APP_SETTINGS),
    identities=("messenger",),
    scope=lambda details: details.get("page_id", ""),
    text=MESSENGER_TEXT,
    consent="messenger",
    window=_WINDOW,
    rates=(SendRate("page", 300, 1.0, for_staff=30),),
    codes=CODES,
    media_bytes=_MEDIA_BYTES,
    steps=(
        *_STEPS,
        N_("Subscribe to messages, messaging_postbacks, message_reads, message_deliveries, "
           "message_reactions, message_edits, message_echoes and messaging_referrals."),
    ),
    icon="brand-messenger",
)  # fmt: skip
