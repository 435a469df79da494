"""The limit of any answer here: `python -m safar.bench.empty PORT` serves a handler that does nothing."""

import sys

import uvloop
from starlette.types import Receive, Scope, Send

from safar.kernel.web.server import http_server

_BODY = b'{"state":"waiting"}'
_START = {
    "type": "http.response.start", "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(_BODY)).encode())],
}  # fmt: skip


async def empty(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer every request with the same few bytes."""
    if scope["type"] == "lifespan":
        for _phase in range(2):
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
        return
    await send(_START)
    await send({"type": "http.response.body", "body": _BODY})


if __name__ == "__main__":
    uvloop.run(http_server(empty, "127.0.0.1", int(sys.argv[1])).serve())
