"""The limit of a checkout on this machine: its rows and its HTTP, and no product in between.

`python -m safar.bench.bare URL PORT VARIANT` answers every POST: while the variant lasts, the rows of an
order that is paid on delivery are written and 201 is told, else the row of a refusal and 409. What came while
the last commit was on its way is committed together. Nothing is checked, priced, signed or rendered.
"""

import asyncio
import sys
from typing import Any
from uuid import UUID

import orjson
import psycopg
import uvloop
from starlette.types import Receive, Scope, Send

from safar.channels.model import EMAIL
from safar.kernel.ids import new_id
from safar.kernel.queries import queries_beside
from safar.kernel.web.server import http_server
from safar.stock.model import MAIN, outgoing_of

QUERIES = queries_beside(__file__)
_SIZE_MAX = 1024
_HEADERS = [(b"content-type", b"application/json")]
_WON, _LOST = b'{"ok":true}', b'{"error":"out_of_stock"}'

_Waiting = tuple[str, asyncio.Future[bool]]


class Bare:
    """An ASGI application on one connection."""

    def __init__(self, url: str, variant_id: UUID) -> None:
        self._url = url
        self._variant_id = variant_id
        self._waiting: list[_Waiting] = []
        self._some = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        message = await receive()
        if scope["method"] == "POST":
            answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
            self._waiting.append((orjson.loads(message["body"])["id"], answer))
            self._some.set()
            won = await answer
        else:
            won = True
        await send({"type": "http.response.start", "status": 201 if won else 409, "headers": _HEADERS})
        await send({"type": "http.response.body", "body": _WON if won else _LOST})

    async def commit(self) -> None:
        """Commit what has gathered, batch after batch."""
        async with await psycopg.AsyncConnection.connect(self._url) as connection:
            found = await connection.execute(QUERIES["bare_account"], {"variant_id": self._variant_id})
            account_id = (await found.fetchall())[0][0]
            await connection.commit()
            while True:
                await self._some.wait()
                batch, self._waiting = self._waiting[:_SIZE_MAX], self._waiting[_SIZE_MAX:]
                if not self._waiting:
                    self._some.clear()
                locked = await connection.execute(QUERIES["bare_lock"], {"id": account_id})
                left = max((await locked.fetchall())[0][0], 0)
                won, lost = batch[:left], batch[left:]
                async with connection.pipeline():
                    if won:
                        params = {"orders": _rows(won), **self._params(account_id, len(won))}
                        await connection.execute(QUERIES["bare_orders"], params)
                    if lost:
                        await connection.execute(QUERIES["bare_refusals"], {"orders": _rows(lost)})
                    await connection.commit()
                for number, (_id, answer) in enumerate(batch):
                    answer.set_result(number < left)

    def _params(self, account_id: int, units: int) -> dict[str, Any]:
        return {
            "account_id": account_id,
            "units": units,
            "variant_id": self._variant_id,
            "main": MAIN,
            "outgoing": outgoing_of(MAIN),
            "email": EMAIL,
        }


def _rows(batch: list[_Waiting]) -> str:
    records = [
        {
            "id": id_,
            "customer_id": new_id(),
            "identity_id": new_id(),
            "move_id": new_id(),
            "mail_id": new_id(),
        }
        for id_, _answer in batch
    ]
    return orjson.dumps(records).decode()


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _main(url: str, port: int, variant_id: UUID) -> None:
    bare = Bare(url, variant_id)
    committing = asyncio.create_task(bare.commit())
    serving = asyncio.create_task(http_server(bare, "127.0.0.1", port).serve())
    await asyncio.wait({committing, serving}, return_when=asyncio.FIRST_COMPLETED)
    committing.result()


if __name__ == "__main__":
    uvloop.run(_main(sys.argv[1], int(sys.argv[2]), UUID(sys.argv[3])))
