"""How Telegram's server delivers updates: a queue for each chat, one under way, again until it dies."""

import itertools
import random
from collections import deque
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

import orjson

from safar.standins.clock import StandInClock
from safar.standins.heard import Effect, Posted

_LIFE = timedelta(hours=24)
_GONE_FOR = timedelta(hours=23)
_RETRY_AFTER_S_MAX = 3600
_GONE = 410
_LEFT_OUT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})

Object = dict[str, Any]


class TelegramRefusal(Exception):
    """A refusal of Telegram's: its status, its words and what else it tells."""

    def __init__(self, status: int, words: str, **parameters: Any) -> None:
        super().__init__(words)
        self.status, self.words, self.parameters = status, words, parameters


class _Server(Protocol):
    """What delivers for the queues, and carries out what an answer asks for."""

    def start(self, effect: Effect) -> None: ...

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Posted: ...

    def call(self, method: str, parameters: Object) -> object: ...


class UpdateQueues:
    """The updates of a bot that are not delivered yet, and where they go."""

    def __init__(self, telegram: _Server, clock: StandInClock) -> None:
        self._telegram, self._clock = telegram, clock
        self._hook: Object = {}
        self._waiting: dict[int, deque[tuple[Object, datetime]]] = {}
        self._under_way: set[int] = set()
        self._numbers = itertools.count(random.randrange(10**8))
        self._gone_since: datetime | None = None
        self._error: Object = {}
        self.died: list[Object] = []

    def put(self, kind: str, what: Object, chat_id: int) -> None:
        """Queue an update, as far as the bot has asked for its kind; deliver it if there is an address."""
        allowed = self._hook.get("allowed_updates") or []
        if kind not in allowed if allowed else kind in _LEFT_OUT:
            return
        update = {"update_id": next(self._numbers), kind: orjson.loads(orjson.dumps(what))}
        self._waiting.setdefault(chat_id, deque()).append((update, self._clock.now()))
        self._deliver()

    def pending(self) -> int:
        return sum(len(queue) for queue in self._waiting.values())

    def set_webhook(self, parameters: Object) -> bool:
        if not parameters.get("url"):
            return self.delete_webhook(parameters)
        self._hook = {"max_connections": 40, **parameters}
        self._gone_since, self._error = None, {}
        if parameters.get("drop_pending_updates"):
            self._waiting.clear()
        self._deliver()
        return True

    def delete_webhook(self, _parameters: Object) -> bool:
        self._hook = {}
        return True

    def webhook_info(self, _parameters: Object) -> Object:
        return {
            "url": self._hook.get("url", ""), "has_custom_certificate": False,
            "pending_update_count": self.pending(),
            "max_connections": self._hook.get("max_connections", 40), "ip_address": "127.0.0.1",
            "allowed_updates": self._hook.get("allowed_updates", []), **self._error,
        }  # fmt: skip

    def get_updates(self, _parameters: Object) -> list[Object]:
        if self._hook:
            words = "Conflict: can't use getUpdates method while webhook is active"
            raise TelegramRefusal(409, words)
        updates = [update for queue in self._waiting.values() for update, _at in queue]
        self._waiting.clear()
        return updates

    def _deliver(self) -> None:
        for chat_id in self._waiting:
            if self._hook and chat_id not in self._under_way:
                self._under_way.add(chat_id)
                self._telegram.start(partial(self._deliver_queue, chat_id))

    async def _deliver_queue(self, chat_id: int) -> None:
        """Deliver a chat's updates one after another; one that is refused keeps only its own chat waiting."""
        queue = self._waiting[chat_id]
        try:
            while queue and self._hook:
                update, at = queue[0]
                taken = await self._deliver_one(update, at)
                if queue and queue[0][0] is update and (taken or self._clock.now() - at >= _LIFE):
                    queue.popleft()
                    if not taken:
                        self.died.append(update)
        finally:
            self._under_way.discard(chat_id)

    async def _deliver_one(self, update: Object, at: datetime) -> bool:
        headers = {"content-type": "application/json"}
        if secret := self._hook.get("secret_token"):
            headers["X-Telegram-Bot-Api-Secret-Token"] = secret
        for pause in _pauses():
            if not self._hook or self._clock.now() - at >= _LIFE:
                return False
            posted = await self._telegram.post(self._hook["url"], orjson.dumps(update), headers)
            if 200 <= posted.status < 300:
                self._gone_since = None
                self._execute(posted)
                return True
            self._refused(posted)
            await self._clock.wait(_retry_after(posted) or pause)
        return False

    def _refused(self, posted: Posted) -> None:
        words = f"Wrong response from the webhook: {posted.status}" if posted.status else "Timed out"
        self._error = {"last_error_date": int(self._clock.now().timestamp()), "last_error_message": words}
        if posted.status != _GONE:
            self._gone_since = None
            return
        self._gone_since = self._gone_since or self._clock.now()
        if self._clock.now() - self._gone_since >= _GONE_FOR:
            self._hook = {}

    def _execute(self, posted: Posted) -> None:
        """Carry out what the body of an answer asks for: a 2xx may hold a call."""
        try:
            said = orjson.loads(posted.answer or b"{}")
        except orjson.JSONDecodeError:
            return
        if isinstance(said, dict) and isinstance(said.get("method"), str):
            try:
                self._telegram.call(said.pop("method"), said)
            except TelegramRefusal:
                return


def _pauses() -> Iterator[float]:
    """Yield how long it waits after each refusal: a second, doubled up to a minute or two."""
    pause = 1.0
    while True:
        yield pause
        pause = min(pause * 2, random.uniform(60, 120))


def _retry_after(posted: Posted) -> float:
    asked = posted.answer_headers.get("retry-after", "")
    return float(min(int(asked), _RETRY_AFTER_S_MAX)) if asked.isascii() and asked.isdigit() else 0.0
