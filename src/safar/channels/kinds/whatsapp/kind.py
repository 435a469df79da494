"""WhatsApp as it is registered."""

from datetime import timedelta
from typing import TYPE_CHECKING

from safar.channels.kinds.graph import APP_SETTINGS, id_setting
from safar.channels.kinds.kind import ChannelKind, Setting
from safar.channels.kinds.limits import AnswerWindow, SendRate, TextLimit
from safar.channels.kinds.port import ChannelAccount, ChannelSender
from safar.channels.kinds.whatsapp.codes import CODES
from safar.channels.kinds.whatsapp.reader import WhatsAppReader
from safar.channels.kinds.whatsapp.request import CAPTION_MAX, MEDIA_BYTES, TEXT_MAX
from safar.kernel.i18n import N_

if TYPE_CHECKING:
    import httpx

_DAY_S = 24 * 60 * 60.0


def _sender(account: ChannelAccount, client: "httpx.AsyncClient") -> ChannelSender:
    from safar.channels.kinds.whatsapp.sender import WhatsAppSender

    return WhatsAppSender(account, client)


KIND = ChannelKind(
    name="whatsapp",
    label="WhatsApp",
    reader=WhatsAppReader(),
    sender=_sender,
    settings=(
        id_setting("phone_number_id", N_("Phone number ID"), N_("Not the number itself.")),
        id_setting("business_account_id", N_("WhatsApp Business account ID")),
        id_setting(
            "portfolio_id",
            N_("Business portfolio ID"),
            N_("People without a number are the same person to all numbers of one portfolio."),
        ),
        *APP_SETTINGS,
        Setting(
            "people_per_day",
            N_("People a day outside the 24 hours"),
            N_("What Meta allows the portfolio: 250, 2000, 10000 or 100000. Empty: 250."),
            required=False,
            pattern=r"[0-9]{1,7}",
        ),
        Setting(
            "messages_per_second",
            N_("Messages a second"),
            N_("Empty: 80. With the WhatsApp Business app on the same number: 20."),
            required=False,
            pattern=r"[0-9]{1,4}",
        ),
    ),
    identities=("phone", "whatsapp"),
    scope=lambda details: details.get("portfolio_id", ""),
    text=TextLimit(TEXT_MAX),
    caption=TextLimit(CAPTION_MAX),
    consent="whatsapp",
    window=AnswerWindow(timedelta(hours=24)),
    rates=(
        SendRate("number", 80, 1.0, for_staff=8, setting="messages_per_second"),
        SendRate("pair", 1, 6.0, scope="address"),
        SendRate("portfolio", 250, _DAY_S, scope="people", for_staff=25, setting="people_per_day"),
    ),
    codes=CODES,
    templates=True,
    media_bytes=MEDIA_BYTES,
    steps=(
        N_("In the app dashboard of Meta: add the product WhatsApp, and copy the ids and the app secret."),
        N_("In the business settings: make a system user, give it the account, and copy its token."),
        N_("WhatsApp, Configuration: callback address {webhook}, verify token {verify}."),
        N_("Subscribe to the fields messages, message_template_status_update, template_category_update, "
           "phone_number_quality_update, account_update, account_alerts, business_capability_update, "
           "user_preferences and, with the WhatsApp Business app, smb_message_echoes."),
        N_("With several numbers in one app: set this address as the number's own (override_callback_uri)."),
    ),
    icon="brand-whatsapp",
)  # fmt: skip
