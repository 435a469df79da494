"""The limit of taking messages in on this machine: proof, rows and HTTP, and no product in between.

`python -m safar.bench.bare_inbound URL PORT SECRET` verifies each WhatsApp post on its raw body and writes
the same rows as the product: the post, the customer, the conversation, the message, their events, the notice.
What came while the last commit was on its way is committed together.
"""

import asyncio
import base64
import hmac
import sys
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
import psycopg
import uvloop
from starlette.types import Receive, Scope, Send

from safar.kernel.ids import derived_id, new_id
from safar.kernel.queries import queries_beside
from safar.kernel.web.server import http_server

QUERIES = queries_beside(__file__, "inbound.sql")
_SIZE_MAX = 1024
_CHANNEL = UUID(int=77)

_Waiting = tuple[bytes, asyncio.Future[None]]


class BareInbound:
    """An ASGI application on one connection."""

    def __init__(self, url: str, secret: bytes) -> None:
        self._url = url
        self._secret = secret
        self._waiting: list[_Waiting] = []
        self._some = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            while True:
                message = await receive()
                await send({"type": f"{message['type']}.complete"})
                if message["type"] == "lifespan.shutdown":
                    return
        message = await receive()
        told = dict(scope["headers"]).get(b"x-hub-signature-256", b"")
        body: bytes = message["body"]
        right = b"sha256=" + hmac.new(self._secret, body, "sha256").hexdigest().encode()
        if hmac.compare_digest(told, right):
            answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((body, answer))
            self._some.set()
            await answer
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def commit(self) -> None:
        """Commit what has gathered, batch after batch."""
        async with await psycopg.AsyncConnection.connect(self._url) as connection:
            await connection.execute(QUERIES["channel"], {"id": _CHANNEL})
            await connection.commit()
            while True:
                await self._some.wait()
                batch, self._waiting = self._waiting[:_SIZE_MAX], self._waiting[_SIZE_MAX:]
                if not self._waiting:
                    self._some.clear()
                params = {"posts": orjson.dumps([_row(body) for body, _answer in batch]).decode()}
                async with connection.pipeline():
                    await connection.execute(QUERIES["rows"], params)
                    await connection.commit()
                for _body, answer in batch:
                    answer.set_result(None)


def _row(body: bytes) -> dict[str, Any]:
    change = orjson.loads(body)["entry"][0]["changes"][0]["value"]
    row: dict[str, Any] = {
        "envelope_id": derived_id("post", _CHANNEL, sha256(body).hexdigest()),
        "channel_id": _CHANNEL,
        "body": base64.b64encode(body).decode(),
    }
    if messages := change.get("messages"):
        (message,) = messages
        customer = derived_id("bare customer", message["from"])
        row |= {
            "message_id": new_id(),
            "customer_id": customer,
            "conversation_id": derived_id("bare conversation", message["from"]),
            "identity_id": derived_id("bare identity", message["from"]),
            "sender": message["from"],
            "external_id": message["id"],
            "text": message["text"]["body"],
            "name": change["contacts"][0]["profile"]["name"],
            "at": datetime.fromtimestamp(int(message["timestamp"]), UTC),
        }
    else:
        (status,) = change["statuses"]
        row |= {"status_id": status["id"], "what": status["status"]}
    return row


async def _main(url: str, port: int, secret: str) -> None:
    bare = BareInbound(url, secret.encode())
    committing = asyncio.create_task(bare.commit())
    serving = asyncio.create_task(http_server(bare, "127.0.0.1", port).serve())
    await asyncio.wait({committing, serving}, return_when=asyncio.FIRST_COMPLETED)
    committing.result()


if __name__ == "__main__":
    uvloop.run(_main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
