"""What WhatsApp, Instagram and Messenger have in common: Meta's Graph API, its proof and its errors."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from safar.channels.kinds.asking import ApiAnswer, NoAnswer, NotAsked, TooLarge, ask_api
from safar.channels.kinds.kind import Setting
from safar.channels.kinds.port import ChannelAccount, NotAuthentic, Post, SendResult, Verdict
from safar.channels.kinds.reading import object_of, short, text_of
from safar.kernel.i18n import N_

if TYPE_CHECKING:
    import httpx

VERSION = "v25.0"
_SECRETS = ("app_secret", "app_secret_before", "other_app_secret")
_DIGITS = r"[0-9]{5,25}"
NUMBER_WRONG = N_("Meta's ids have digits only.")

APP_SETTINGS = (
    Setting("app_secret", N_("App secret"), N_("App dashboard, Settings, Basic."), secret=True),
    Setting(
        "app_secret_before",
        N_("Previous app secret"),
        N_("While you change the secret, both count. Clear it afterwards."),
        required=False,
        secret=True,
    ),
    Setting(
        "token",
        N_("Access token"),
        N_("A token of a system user that does not expire."),
        secret=True,
        length_max=1000,
    ),
    Setting("verify_token", N_("Verify token"), N_("Paste it beside the callback address."), made=True),
    Setting("api_url", N_("Address of the API"), required=False, hidden=True),
)


def id_setting(name: str, label: str, hint: str | None = None, *, required: bool = True) -> Setting:
    """Return the field of one id of Meta's."""
    return Setting(name, label, hint, required=required, pattern=_DIGITS, wrong=NUMBER_WRONG)


def handshake(account: ChannelAccount, query: Mapping[str, str]) -> str | None:
    """Return the challenge, if whoever asks knows the account's verify token."""
    expected, told = account.value("verify_token"), query.get("hub.verify_token", "")
    known = bool(expected) and hmac.compare_digest(expected.encode(), told.encode("utf-8", "replace"))
    return query.get("hub.challenge", "")[:1000] if known and query.get("hub.mode") == "subscribe" else None


def check(account: ChannelAccount, post: Post) -> None:
    """Raise NotAuthentic unless the raw body is signed with one of the account's app secrets."""
    header = post.headers.get("x-hub-signature-256", "")
    scheme, _equals, signature = header.partition("=")
    if scheme != "sha256" or len(signature) != 64 or not signature.isascii():
        raise NotAuthentic("There is no signature.")
    proven = False
    for name in _SECRETS:
        secret = account.value(name)
        if secret:
            right = hmac.new(secret.encode(), post.body, hashlib.sha256).hexdigest()
            proven |= hmac.compare_digest(right, signature.lower())
    if not proven:
        raise NotAuthentic("The signature is not of this app.")


@dataclass(frozen=True, slots=True)
class GraphError:
    """What Meta says is wrong: in an answer, in a status, or of a change as a whole."""

    code: str
    subcode: str = ""
    reason: str = ""
    again: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """By which names of the code a table may know it, the closest first."""
        return (f"{self.code}/{self.subcode}", self.code) if self.subcode else (self.code,)


def graph_error(value: object) -> GraphError:
    """Read one error, wherever it stands. Without a code its code is empty."""
    error = object_of(value)
    details = short(object_of(error.get("error_data")).get("details"), 500)
    words = (
        short(error.get("error_user_msg"), 500)
        or short(error.get("message"), 500)
        or short(error.get("title"))
    )
    return GraphError(
        text_of(error.get("code"))[:40],
        text_of(error.get("error_subcode"))[:40],
        details or next(filter(None, words), ""),
        error.get("is_transient") is True,
    )


def verdict_of(codes: Mapping[str, Verdict], error: GraphError, status: int = 400) -> Verdict:
    """Return the one verdict of an error; one that is not documented is judged by its HTTP status."""
    for key in error.keys:
        if key in codes:
            return codes[key]
    if status == 429:
        return Verdict.AGAIN
    if status in (401, 403):
        return Verdict.SIGN_IN if status == 401 else Verdict.ACCOUNT
    return Verdict.REFUSED if 400 <= status < 500 else Verdict.UNKNOWN


@dataclass(frozen=True, slots=True)
class GraphApi:
    """One account's way to the Graph API: its token goes to this host and to no other."""

    client: "httpx.AsyncClient"
    base: str
    token: str

    @property
    def host(self) -> str:
        return urlsplit(self.base).netloc

    async def ask(self, method: str, path: str, **request: Any) -> ApiAnswer:
        """Ask for one path. Raises NotAsked, NoAnswer or TooLarge."""
        headers = {"authorization": f"Bearer {self.token}"}
        return await ask_api(self.client, method, f"{self.base}/{path}", headers=headers, **request)

    async def send(self, path: str, codes: Mapping[str, Verdict], **request: Any) -> ApiAnswer | SendResult:
        """Post something; return the answer if it was taken, else how it ended."""
        try:
            answer = await self.ask("POST", path, **request)
        except NotAsked as wrong:
            return SendResult(verdict=Verdict.AGAIN, reason=str(wrong), pause_s=5)
        except (NoAnswer, TooLarge) as wrong:
            return SendResult(verdict=Verdict.UNKNOWN, reason=str(wrong))
        if answer.status == 200 and "error" not in answer.said:
            return answer
        return refusal_of(answer, codes)


def refusal_of(answer: ApiAnswer, codes: Mapping[str, Verdict]) -> SendResult:
    """Return what an answer that is not a success means."""
    error = graph_error(answer.said.get("error"))
    verdict = verdict_of(codes, error, answer.status)
    pair = error.code == "131056"
    pause = answer.retry_after_s or (_PAUSES_S.get(error.code, 1.0) if verdict is Verdict.AGAIN else 0.0)
    if verdict is Verdict.SLOWER:
        pause = max(pause, 60.0)
    code = next((key for key in error.keys if key in codes), error.code) or f"http {answer.status}"
    reason = error.reason or f"HTTP {answer.status}"
    return SendResult(verdict=verdict, code=code, reason=reason, pause_s=pause, pair=pair)


# How long to wait at least, by code: the app's hour is counted in minutes, a pair's pace in 6 s.
_PAUSES_S = {
    "4": 60.0,
    "80007": 60.0,
    "130429": 1.0,
    "131056": 6.0,
    "134101": 600.0,
    "2494100": 300.0,
    "613": 30.0,
}


def our_id_in(value: object) -> UUID | None:
    """Return the id of ours that we gave along; None for what is not ours."""
    text = text_of(value)
    try:
        return UUID(text) if len(text) == 36 else None
    except ValueError:
        return None


def base_of(account: ChannelAccount, host: str = "graph.facebook.com") -> str:
    """Return where an account's API is: at Meta's, or where its hidden setting says."""
    return f"{account.details.get('api_url', '').rstrip('/') or 'https://' + host}/{VERSION}"
