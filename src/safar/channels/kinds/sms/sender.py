"""Sending SMS by Twilio's API. No call can be repeated without harm: what has no answer is unknown."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from safar.channels.kinds.asking import (
    ApiAnswer,
    NoAnswer,
    NotAsked,
    TooLarge,
    ask_api,
    timeout_of,
    together,
)
from safar.channels.kinds.limits import TextLimit
from safar.channels.kinds.port import (
    AccountHealth,
    CannotFetch,
    ChannelAccount,
    Fetched,
    Happened,
    MessageNotice,
    MessagePart,
    OutboundMessage,
    SendResult,
    Verdict,
    What,
)
from safar.channels.kinds.reading import elements_of, object_of, short, text_of
from safar.channels.kinds.sms.codes import verdict_of_code
from safar.channels.kinds.sms.reader import OUR_ID, said_of
from safar.channels.kinds.splitting import split

if TYPE_CHECKING:
    import httpx

API_URL = "https://api.twilio.com"
TEXT = TextLimit(1600, "utf16")
# Where Twilio keeps media: it sends on to there, without our credentials.
_MEDIA_HOSTS = (".twilio.com", ".twiliocdn.com", ".amazonaws.com")
_PAGES_MAX = 100
_ENDS = {"delivered": What.DELIVERED, "sent": What.SENT, "failed": What.FAILED, "undelivered": What.FAILED}


def _is_media_host(host: str) -> bool:
    """Tell whether it is one of Twilio's, and nothing but a host: no name before it, no port behind it."""
    return not set(host) & set("@:/\\ ") and host.endswith(_MEDIA_HOSTS)


class SmsSender:
    """Twilio's API with one account and one number, or a messaging service."""

    def __init__(self, account: ChannelAccount, client: "httpx.AsyncClient") -> None:
        self._account, self._client = account, client
        self._sid, self._from = account.details.get("account_sid", ""), account.details.get("sender", "")
        self._base = (account.details.get("api_url") or API_URL).rstrip("/")
        self._path = f"{self._base}/2010-04-01/Accounts/{self._sid}"
        self._auth = (self._sid, account.secrets.get("auth_token", ""))
        self._timeout_s = timeout_of(account.details)

    async def send(self, letter: OutboundMessage) -> SendResult:
        if letter.files:
            return SendResult(verdict=Verdict.REFUSED, code="files", reason="SMS takes no files from here.")
        pieces = split(letter.text, TEXT)
        if not pieces:
            return SendResult(verdict=Verdict.REFUSED, code="21602", reason="empty")
        results = []
        for piece in pieces:
            results.append(await self._create(letter, piece))
            if results[-1].verdict is not Verdict.SENT:
                break
        return together(results)

    async def _create(self, letter: OutboundMessage, text: str) -> SendResult:
        sender = "MessagingServiceSid" if self._from.startswith("MG") else "From"
        fields = {"To": letter.address, sender: self._from, "Body": text}
        if self._account.public_url:
            fields["StatusCallback"] = f"{self._account.webhook_url}?{OUR_ID}={letter.id}"
        try:
            answer = await self._ask("POST", f"{self._path}/Messages.json", data=fields)
        except NotAsked as wrong:
            return SendResult(verdict=Verdict.AGAIN, code="unreachable", reason=str(wrong), pause_s=5.0)
        except (NoAnswer, TooLarge) as wrong:
            return SendResult(verdict=Verdict.UNKNOWN, code="no_answer", reason=str(wrong))
        sid = text_of(answer.said.get("sid"))
        if answer.status in (200, 201) and sid:
            return SendResult(verdict=Verdict.SENT, external_ids=(sid,))
        return _refused(answer)

    async def fetch(self, part: MessagePart, *, bytes_max: int) -> Fetched:
        url = part.source
        try:
            if urlsplit(url)[:2] != urlsplit(self._base)[:2]:
                raise CannotFetch("The file lies elsewhere than at Twilio.")
            file = await self._ask("GET", url, bytes_max=bytes_max)
            if file.status in (301, 302, 303, 307, 308):
                url = urljoin(url, file.headers.get("location", ""))
                at = urlsplit(url)
                if at.scheme != "https" or not _is_media_host(at.netloc):
                    raise CannotFetch("Twilio sends on to a place that is not its own.")
                file = await ask_api(self._client, "GET", url, bytes_max=bytes_max, timeout_s=self._timeout_s)
        except TooLarge as wrong:
            raise CannotFetch(str(wrong)) from None
        except ValueError:
            raise CannotFetch("The address of the file is none.") from None
        except (NotAsked, NoAnswer) as wrong:
            raise CannotFetch(str(wrong), again=True) from None
        if file.status != 200:
            raise CannotFetch(f"HTTP {file.status}", again=file.status >= 500 or file.status == 429)
        return Fetched(file.content, part.mime or file.headers.get("content-type", ""), part.name)

    async def health(self) -> AccountHealth:
        try:
            answer = await self._ask("GET", f"{self._path}.json")
        except (NotAsked, NoAnswer, TooLarge) as wrong:
            return AccountHealth(f"Twilio did not answer: {wrong}")
        if answer.status in (401, 403, 404):
            return AccountHealth("Twilio does not know this account or its token.", sign_in=True)
        status = short(answer.said.get("status"), 40)
        if answer.status != 200 or status != "active":
            return AccountHealth(f"Twilio says that the account is {status or answer.status}.")
        return AccountHealth(detail=short(answer.said.get("friendly_name")))

    async def messages_between(self, since: datetime, until: datetime) -> Sequence[Happened]:
        """Return what Twilio has of these days, what came in and how ours stand. Raises CannotFetch.

        A post that was refused while we were down comes at most five times more: this finds the others.
        """
        day = since.astimezone(UTC).strftime("%Y-%m-%d")
        url = f"{self._path}/Messages.json?DateSent%3E={day}&PageSize=1000"
        found: list[Happened] = []
        for _page in range(_PAGES_MAX):
            try:
                answer = await self._ask("GET", url)
            except (NotAsked, NoAnswer, TooLarge) as wrong:
                raise CannotFetch(str(wrong), again=True) from None
            if answer.status != 200:
                raise CannotFetch(f"HTTP {answer.status}", again=answer.status >= 429)
            for element in elements_of(answer.said.get("messages"), "messages"):
                found += _listed(object_of(element), since, until)
            following = text_of(answer.said.get("next_page_uri"))
            if not following.startswith("/"):
                return found
            url = self._base + following
        raise CannotFetch("There are more messages than can be read at once.")

    async def close(self) -> None:
        """Nothing is held: the client is the caller's."""

    async def _ask(
        self, method: str, url: str, *, data: Mapping[str, str] | None = None, bytes_max: int = 4_000_000
    ) -> ApiAnswer:
        return await ask_api(
            self._client,
            method,
            url,
            bytes_max=bytes_max,
            timeout_s=self._timeout_s,
            auth=self._auth,
            data=data,
        )


def _refused(answer: ApiAnswer) -> SendResult:
    """Read an error in either of the forms that Twilio gives it: its own, and that of RFC 9457."""
    code = text_of(answer.said.get("code")) or text_of(answer.said.get("type")).rpartition("/")[2]
    if not code.isascii() or not code.isdigit():
        code = {401: "20003", 429: "20429"}.get(answer.status, f"http_{answer.status}")
    verdict = verdict_of_code(code, answer.status)
    reason = short(answer.said.get("message") or answer.said.get("detail") or answer.said.get("title"), 300)
    waits = verdict in (Verdict.AGAIN, Verdict.SLOWER)
    return SendResult(
        verdict=verdict,
        code=code,
        reason=reason or f"HTTP {answer.status}",
        pause_s=(answer.retry_after_s or 1.0) if waits else 0.0,
    )


def _listed(message: Mapping[str, object], since: datetime, until: datetime) -> list[Happened]:
    """Return what a message in Twilio's list says, if it is of that time."""
    try:
        at = parsedate_to_datetime(text_of(message.get("date_sent") or message.get("date_created")))
    except ValueError:
        return []
    sid, status = text_of(message.get("sid")), text_of(message.get("status"))
    if not sid or not since <= at < until + timedelta(seconds=1):
        return []
    if text_of(message.get("direction")) == "inbound":
        number, body = text_of(message.get("from")), text_of(message.get("body"))
        return said_of({"MessageSid": sid, "From": number, "Body": body}, at) if number else []
    if status not in _ENDS:
        return []
    code = text_of(message.get("error_code")) or None
    verdict = verdict_of_code(code or "") if _ENDS[status] is What.FAILED else None
    return [MessageNotice(what=_ENDS[status], at=at, external_id=sid, code=code, verdict=verdict)]
