"""Messages a second that providers post: real HTTP, signed WhatsApp posts, a fifth delivered twice, statuses
mixed in; beside a bare server that verifies the same posts and writes the same rows.
"""

import asyncio
import hmac
import random
import statistics
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson

from safar.app import when_answering
from safar.bench.buying import installation
from safar.bench.flood import FloodOutcome, flood, one_by_one, post
from safar.bench.settings import bench_settings
from safar.bench.workplace import workplace
from safar.channels.accounts import save_account
from safar.channels.kinds.port import ChannelAccount
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import value
from safar.kernel.ids import new_id
from safar.kernel.ports import reserve_port

CLIENTS = 64
SECRET = new_id().hex  # of this run
_SENDERS = 500
_MESSAGES_A_SECOND = 4000  # how many a round gets for each second it is meant to last
_ROUNDS = 3
_TWICE = 0.2
_PACE = 1000
_PORTFOLIO, _NUMBER, _BUSINESS = "1001", "2002", "3003"
_TARGETS = {"messages_per_s": 3000, "ratio_to_bare": 0.35, "paced_p99_ms": 100, "lost": 0, "doubled": 0}


async def measure(seconds: float) -> dict[str, Any]:
    """Return messages/s durable at 64 connections, their ratio to the bare server's, and the wait at
    1,000/s."""
    with workplace() as folder:
        async with installation(bench_settings(Path(folder))) as (_supervisor, context):
            account = await save_account(
                context,
                ChannelAccount(
                    id=new_id(),
                    kind="whatsapp",
                    name="Bench",
                    key=f"bench-{new_id().hex}",
                    details={
                        "phone_number_id": _NUMBER,
                        "business_account_id": _BUSINESS,
                        "portfolio_id": _PORTFOLIO,
                    },
                    secrets={"token": "none", "app_secret": SECRET, "verify_token": "none"},
                ),
                staff_id=new_id(),
            )
            port, path = context.settings.front_port, f"/channels/{account.key}"
            count = int(_MESSAGES_A_SECOND * seconds)
            async with _bare(context) as bare_port:
                await _round(port, path, _posts("warm", 500))
                rates: list[float] = []
                bare: list[float] = []
                sent = 500
                for number in range(_ROUNDS):
                    rates.append(count / (await _round(port, path, _posts(f"r{number}", count))).seconds)
                    bare.append(count / (await _round(bare_port, path, _posts(f"b{number}", count))).seconds)
                    sent += count
            paced = _PACE * max(int(seconds), 1)
            waits = await _paced(port, path, _posts("paced", paced))
            sent += paced
            return {
                "bench": "inbound",
                "clients": CLIENTS,
                "messages_per_s": round(statistics.median(rates)),
                "bare_per_s": round(statistics.median(bare)),
                "ratio_to_bare": round(statistics.median(rates) / statistics.median(bare), 3),
                "paced_per_s": _PACE,
                "paced_p99_ms": _at(waits, 0.99),
                "paced_median_ms": _at(waits, 0.5),
                **await _checked(context, sent),
                "targets": _TARGETS,
            }


def _at(waits: Sequence[float], share: float) -> float:
    ordered = sorted(waits)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000, 1)


def _posts(name: str, count: int) -> list[bytes]:
    """Return signed posts of `count` messages, some twice, half as many statuses among them, shuffled."""
    chance = random.Random(name)
    base = int(clock.now().timestamp()) - 20_000
    values: list[dict[str, Any]] = []
    for number in range(count):
        sender = f"55119{number % _SENDERS:08d}"
        values.append(
            {
                "contacts": [{"profile": {"name": f"Customer {number % _SENDERS}"}, "wa_id": sender}],
                "messages": [
                    {
                        "from": sender,
                        "id": f"wamid.{name}.{number}",
                        "timestamp": str(base + number // _SENDERS),
                        "type": "text",
                        "text": {"body": f"Is article {number} still there? I would like two of it."},
                    }
                ],
            }
        )
        if number % 2:
            status = {
                "id": f"wamid.out.{name}.{number}",
                "status": ("sent", "delivered", "read")[number % 3],
                "timestamp": str(base),
                "recipient_id": sender,
            }
            values.append({"statuses": [status]})
    posts = [_post(value) for value in values]
    posts += [body for body in posts if chance.random() < _TWICE]
    chance.shuffle(posts)
    return posts


def _post(change: dict[str, Any]) -> bytes:
    about = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": _NUMBER}}
    value = {**about, **change}
    return orjson.dumps(
        {
            "object": "whatsapp_business_account",
            "entry": [{"id": _BUSINESS, "changes": [{"field": "messages", "value": value}]}],
        }
    )


def _request(path: str, body: bytes) -> bytes:
    signature = hmac.new(SECRET.encode(), body, "sha256").hexdigest()
    return post(path, body, f"X-Hub-Signature-256: sha256={signature}\r\n")


async def _round(port: int, path: str, posts: Sequence[bytes]) -> FloodOutcome:
    requests = iter([_request(path, body) for body in posts])
    outcome = FloodOutcome()
    await flood(port, [one_by_one(requests, outcome) for _client in range(CLIENTS)], outcome)
    if set(outcome.statuses) != {200}:
        raise RuntimeError(f"not everything was taken: {outcome.statuses}")
    return outcome


async def _paced(port: int, path: str, posts: Sequence[bytes]) -> list[float]:
    """Return the waits of posts that come at an even pace of so many messages a second."""
    share = len(posts) / (_PACE * max(len(posts) // (2 * _PACE), 1))
    outcome = FloodOutcome()
    for at in range(0, len(posts), CLIENTS):
        begin = time.perf_counter()
        some: Iterator[bytes] = iter([_request(path, body) for body in posts[at : at + CLIENTS]])
        await flood(port, [one_by_one(some, outcome) for _client in range(min(CLIENTS, 16))], outcome)
        rest = CLIENTS / (_PACE * max(share, 1.0)) - (time.perf_counter() - begin)
        if rest > 0:
            await asyncio.sleep(rest)
    return outcome.waits


async def _checked(context: Context, sent: int) -> dict[str, int]:
    """Compare what is there with what was posted: nothing lost, nothing twice, each sender's in order."""
    async with context.database.connection() as connection:
        there = await value(
            connection, "SELECT count(DISTINCT external_id) FROM messages WHERE external_id LIKE 'wamid.%'"
        )
        rows = await value(connection, "SELECT count(*) FROM messages WHERE external_id LIKE 'wamid.%'")
        people = await value(connection, "SELECT count(*) FROM conversations")
    bare = await _bare_rows(context)
    return {"lost": sent - (there - bare), "doubled": rows - there, "conversations": people}


async def _bare_rows(context: Context) -> int:
    async with context.database.connection() as connection:
        return int(await value(connection, "SELECT count(*) FROM messages WHERE external_id LIKE 'wamid.b%'"))


@asynccontextmanager
async def _bare(context: Context) -> AsyncIterator[int]:
    """Run the bare taker in a process of its own beside everything else; yields its port."""
    port = reserve_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "safar.bench.bare_inbound", context.database.url, str(port), SECRET
    )
    try:
        await when_answering("127.0.0.1", port)
        yield port
    finally:
        process.terminate()
        await process.wait()
