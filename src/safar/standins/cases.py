"""Our channels as the kit looks at them, and those of other packages: entry points `safar.channel_kits`."""

from collections.abc import Mapping
from importlib.metadata import entry_points
from types import MappingProxyType
from urllib.parse import parse_qsl, urlencode

import orjson

from safar.channels.kinds.http.kind import KIND as HTTP
from safar.channels.kinds.http.signing import headers_for
from safar.channels.kinds.port import ChannelAccount, Post
from safar.channels.kinds.sms.kind import KIND as SMS
from safar.channels.kinds.telegram.codes import MIGRATED
from safar.channels.kinds.telegram.kind import KIND as TELEGRAM
from safar.channels.kinds.telegram.reader import PROOF_HEADER
from safar.channels.kit import KitCase, KitSample
from safar.kernel import clock
from safar.kernel.ids import derived_id
from safar.standins.program import PROGRAM_SECRET, ProgramStandIn
from safar.standins.telegram import BOT_TOKEN, TelegramStandIn
from safar.standins.telegram_samples import SAMPLES, SARA
from safar.standins.twilio import ACCOUNT_SID, AUTH_TOKEN, NUMBER, TwilioStandIn, twilio_signature

GROUP = "safar.channel_kits"
_FORM = "application/x-www-form-urlencoded"
_NOTHING: Mapping[str, str] = MappingProxyType({})


def _account(
    kind: str, url: str, secrets: Mapping[str, str], details: Mapping[str, str] = _NOTHING
) -> ChannelAccount:
    return ChannelAccount(
        id=derived_id("kit", kind),
        kind=kind,
        name="kit",
        key="kit",
        details={**details, "api_url": url, "timeout_s": "1"},
        secrets=secrets,
    )


def _telegram_standin() -> TelegramStandIn:
    standin = TelegramStandIn()
    standin.chat(int(SARA["id"]))
    return standin


def _telegram_signed(account: ChannelAccount, body: bytes) -> Post:
    headers = {"content-type": "application/json", PROOF_HEADER: account.secrets.get("secret_token", "")}
    return Post(body=body, headers=headers)


TELEGRAM_CASE = KitCase(
    kind=TELEGRAM,
    account=lambda url: _account("telegram", url, {"bot_token": BOT_TOKEN, "secret_token": "kit_s3cret"}),
    signed=_telegram_signed,
    samples={name: KitSample(orjson.dumps(update), reads) for name, (update, reads) in SAMPLES.items()},
    standin=_telegram_standin,
    taken=lambda standin: sum(method.startswith("send") for method, _parameters in standin.called),
    address=str(SARA["id"]),
    special=frozenset({MIGRATED}),
)


def _sms_signed(account: ChannelAccount, body: bytes) -> Post:
    url = "https://shop.example/channels/kit"
    pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    signature = twilio_signature(account.secrets.get("auth_token", ""), url, pairs)
    return Post(body=body, headers={"content-type": _FORM, "x-twilio-signature": signature}, url=url)


def _form(*reads: str, **fields: str) -> KitSample:
    whole = {"MessageSid": "SM1", "AccountSid": ACCOUNT_SID, "From": "+989121234567", "To": NUMBER, **fields}
    return KitSample(urlencode(whole).encode(), reads)


SMS_CASE = KitCase(
    kind=SMS,
    account=lambda url: _account(
        "sms", url, {"auth_token": AUTH_TOKEN}, {"account_sid": ACCOUNT_SID, "sender": NUMBER}
    ),
    signed=_sms_signed,
    samples={
        "text": _form("Said", Body="سلام", NumMedia="0", SmsStatus="received"),
        "picture": _form(
            "Said",
            Body="",
            NumMedia="1",
            MediaUrl0="https://api.twilio.com/x",
            MediaContentType0="image/jpeg",
        ),
        "stop": _form("OptOut", "Said", Body="STOP", NumMedia="0"),
        "start": _form("OptOut", "Said", Body="START", NumMedia="0"),
        "by Twilio's own list of words": _form(
            "OptOut", "Said", Body="basta", OptOutType="STOP", NumMedia="0"
        ),
        "queued": _form(MessageStatus="queued"),
        "sent": _form("MessageNotice", MessageStatus="sent"),
        "delivered": _form("MessageNotice", MessageStatus="delivered", RawDlrDoneDate="2612011200"),
        "undelivered": _form("MessageNotice", MessageStatus="undelivered", ErrorCode="30005"),
        "opted out": _form("MessageNotice", "OptOut", MessageStatus="failed", ErrorCode="21610"),
    },
    standin=TwilioStandIn,
    taken=lambda standin: len(standin.messages),
    address="+989121234567",
)


def _event(*reads: str, **event: object) -> KitSample:
    return KitSample(orjson.dumps({"from": {"id": "u-7", "name": "Sara", "language": "fa"}, **event}), reads)


HTTP_CASE = KitCase(
    kind=HTTP,
    account=lambda url: _account("http", url, {"secret": PROGRAM_SECRET}, {"url": "https://kiosk.example/"}),
    signed=lambda account, body: Post(
        body=body,
        headers={
            "content-type": "application/json",
            **headers_for(account.secrets.get("secret", ""), "evt_kit", clock.now(), body),
        },
    ),
    samples={
        "message": _event("Said", type="message", id="m-1", text="سلام"),
        "file": _event(
            "Said", type="message", id="m-2", files=[{"url": "https://kiosk.example/a", "kind": "image"}]
        ),
        "echo": _event("Said", type="message", id="m-3", text="done", echo=True),
        "delivered": _event("MessageNotice", type="status", status="delivered", message="p-1"),
        "failed": _event("MessageNotice", type="status", status="failed", message="p-1", code="gone"),
        "reaction": _event("MessageNotice", type="status", status="reacted", message="p-1", text="👍"),
        "opt-out": _event("OptOut", type="opt_out", text="no more"),
        "left": _event("Reachability", type="reachability", reachable=False, reason="left"),
    },
    standin=ProgramStandIn,
    taken=lambda standin: len(standin.taken),
    address="u-7",
    batch=lambda bodies: b'{"events":[' + b",".join(bodies) + b"]}",
)

_OURS = (TELEGRAM_CASE, SMS_CASE, HTTP_CASE)


def kit_cases() -> dict[str, KitCase]:
    """Return every case by its channel's name; a package of others that cannot be loaded says so itself."""
    cases = {entry.name: entry.load() for entry in entry_points(group=GROUP)}
    return {**cases, **{case.kind.name: case for case in _OURS}}
