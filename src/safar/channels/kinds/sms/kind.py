"""SMS, as it is registered."""

from typing import TYPE_CHECKING

from safar.channels.kinds.kind import ChannelKind, Setting
from safar.channels.kinds.limits import SendRate, TextLimit
from safar.channels.kinds.port import ChannelAccount, ChannelSender, PostAnswer
from safar.channels.kinds.sms.codes import CODES
from safar.channels.kinds.sms.reader import SmsReader
from safar.kernel.i18n import N_

if TYPE_CHECKING:
    import httpx


def _sender(account: ChannelAccount, client: "httpx.AsyncClient") -> ChannelSender:
    from safar.channels.kinds.sms.sender import SmsSender

    return SmsSender(account, client)


KIND = ChannelKind(
    name="sms",
    label=N_("SMS (Twilio)"),
    reader=SmsReader(),
    sender=_sender,
    settings=(
        Setting("account_sid", N_("Account SID"), N_("Begins with AC."), pattern=r"AC[0-9a-fA-F]{32}"),
        Setting("auth_token", N_("Auth token"), secret=True, pattern=r"[0-9a-zA-Z]{32}"),
        Setting(
            "sender",
            N_("Number, or messaging service"),
            N_("A number like +15551234567, or a SID that begins with MG."),
            pattern=r"\+[0-9]{6,15}|MG[0-9a-fA-F]{32}|[0-9]{3,8}",
        ),
        Setting("api_url", N_("Address of the API"), required=False, hidden=True),
        Setting(
            "timeout_s", N_("Seconds to wait for an answer"), required=False, hidden=True, pattern=r"[\d.]+"
        ),
    ),
    identities=("phone", "sms"),
    text=TextLimit(1600, "utf16"),
    consent="sms",
    rates=(SendRate("number", 1, 1.0),),
    codes=CODES,
    answer=PostAnswer(b'<?xml version="1.0" encoding="UTF-8"?><Response></Response>', "text/xml"),
    body_bytes_max=256 * 1024,
    steps=(
        N_("In the Twilio console, copy the Account SID and the auth token, and paste them here."),
        N_("Open the number, Messaging, “A message comes in”: Webhook, HTTP POST, {webhook}#rc=5&rp=all"),
        N_("Keep the end “#rc=5&rp=all”: Twilio then tries again while Safar is being restarted."),
    ),
    icon="sms",
)
