"""Sending to a program: one signed POST a message, under an Idempotency-Key, answered with its id."""

import base64
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import orjson

from safar.channels.kinds.asking import NoAnswer, NotAsked, TooLarge, timeout_of, together
from safar.channels.kinds.http.codes import verdict_of_answer
from safar.channels.kinds.http.outside import NotOutside, ask_outside
from safar.channels.kinds.http.signing import headers_for
from safar.channels.kinds.limits import TextLimit
from safar.channels.kinds.port import (
    AccountHealth,
    CannotFetch,
    ChannelAccount,
    Fetched,
    MessagePart,
    OutboundMessage,
    SendResult,
    Verdict,
)
from safar.channels.kinds.reading import short
from safar.channels.kinds.splitting import split
from safar.kernel import clock
from safar.kernel.ids import new_id

if TYPE_CHECKING:
    import httpx

TEXT = TextLimit(100_000)


class HttpSender:
    """Posts to the address that managers have set."""

    def __init__(self, account: ChannelAccount, client: "httpx.AsyncClient") -> None:
        self._account, self._client = account, client
        local = account.details.get("api_url")
        self._url = local or account.details.get("url", "")
        self._private = account.details.get("private") == "yes"
        self._sends_inside = self._private or bool(local)
        self._secret = account.secrets.get("secret", "")
        self._timeout_s = timeout_of(account.details)

    async def send(self, letter: OutboundMessage) -> SendResult:
        if not letter.text.strip() and not letter.files:
            return SendResult(verdict=Verdict.REFUSED, code="refused", reason="empty")
        results: list[SendResult] = []
        for number, piece in enumerate(split(letter.text, TEXT) or [""]):
            # Files and choices go once, with the first.
            part = letter if number == 0 else replace(letter, files=(), choices=())
            key = str(letter.id) if number == 0 else f"{letter.id}.{number + 1}"
            results.append(await self._sent(key, _body_of(replace(part, text=piece), key)))
            if results[-1].verdict is not Verdict.SENT:
                break
        return together(results)

    async def _sent(self, key: str, body: bytes) -> SendResult:
        try:
            status, said = await self._post(key, body)
        except NotOutside as wrong:
            return SendResult(verdict=Verdict.ACCOUNT, code="address", reason=str(wrong))
        except NotAsked as wrong:
            return SendResult(verdict=Verdict.AGAIN, code="unreachable", reason=str(wrong), pause_s=5.0)
        except (NoAnswer, TooLarge) as wrong:
            return SendResult(verdict=Verdict.UNKNOWN, code="no_answer", reason=str(wrong))
        external_id = short(said.get("id"), 500) or key
        if 200 <= status < 300:
            return SendResult(verdict=Verdict.SENT, external_ids=(external_id,))
        code = short(said.get("code"), 40) or f"http_{status}"
        verdict = verdict_of_answer(code, status)
        reason = short(said.get("reason"), 300) or f"HTTP {status}"
        pause_s = float(str(said["retry_after_s"])) if verdict is Verdict.AGAIN else 0.0
        ids = (external_id,) if verdict is Verdict.SENT else ()
        return SendResult(verdict=verdict, external_ids=ids, code=code, reason=reason, pause_s=pause_s)

    async def _post(self, id_: str, body: bytes) -> tuple[int, dict[str, object]]:
        headers = headers_for(self._secret, id_, clock.now(), body)
        headers |= {"content-type": "application/json", "idempotency-key": id_}
        answer = await ask_outside(
            self._client,
            "POST",
            self._url,
            private=self._sends_inside,
            headers=headers,
            content=body,
            timeout_s=self._timeout_s,
        )
        return answer.status, {**answer.said, "retry_after_s": answer.retry_after_s or 1.0}

    async def fetch(self, part: MessagePart, *, bytes_max: int) -> Fetched:
        try:
            file = await ask_outside(
                self._client,
                "GET",
                part.source,
                private=self._private,
                headers={},
                bytes_max=bytes_max,
                timeout_s=self._timeout_s,
            )
        except (NotOutside, TooLarge) as wrong:
            raise CannotFetch(str(wrong)) from None
        except (NotAsked, NoAnswer) as wrong:
            raise CannotFetch(str(wrong), again=True) from None
        if file.status != 200:
            raise CannotFetch(f"HTTP {file.status}", again=file.status >= 500 or file.status == 429)
        name = part.name or urlsplit(part.source).path.rsplit("/", 1)[-1][:200]
        return Fetched(file.content, part.mime or file.headers.get("content-type", ""), name)

    async def health(self) -> AccountHealth:
        """Post an event of the type `ping`, which a program answers with any 2xx."""
        try:
            status, _said = await self._post(str(new_id()), b'{"type":"ping"}')
        except NotOutside as wrong:
            return AccountHealth(str(wrong))
        except (NotAsked, NoAnswer, TooLarge) as wrong:
            return AccountHealth(f"The address did not answer: {wrong}")
        if status in (401, 403):
            return AccountHealth("The program does not accept our signature.", sign_in=True)
        return AccountHealth(None if 200 <= status < 300 else f"The address answered {status}.")

    async def close(self) -> None:
        """Nothing is held: the client is the caller's."""


def _body_of(letter: OutboundMessage, key: str) -> bytes:
    files = [
        {"name": file.name, "mime": file.mime, "content": base64.b64encode(file.content).decode()}
        for file in letter.files
    ]
    message = {
        "type": "message",
        "id": key,
        "to": letter.address,
        "text": letter.text,
        "language": letter.language,
        "human": letter.human,
        "reply_to": letter.answers,
        "choices": [{"id": choice.id, "title": choice.title} for choice in letter.choices],
        "files": files,
    }
    return orjson.dumps(message)
