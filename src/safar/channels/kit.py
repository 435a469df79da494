"""What every channel must do, ours and those of other packages: `safar channels kit KIND`.

A channel gives the kit a `KitCase`: documented samples, how a post is signed, and a stand-in of its provider.
"""

import json
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from safar.channels.kinds.kind import ChannelKind
from safar.channels.kinds.port import (
    CannotFetch,
    ChannelAccount,
    ChannelSender,
    Happened,
    MessageNotice,
    MessagePart,
    NotAuthentic,
    NotUnderstood,
    OutboundMessage,
    PartKind,
    Post,
    Said,
    SendResult,
    Unreadable,
    Verdict,
)
from safar.kernel import clock
from safar.kernel.ids import new_id

if TYPE_CHECKING:
    pass

_READ_S_MAX = 2.0
_BODY_BYTES_MAX = 5 * 1024 * 1024
_DEPTH = 100_000
_PAUSED = (Verdict.AGAIN, Verdict.SLOWER)


class KitStandIn(Protocol):
    """What the kit asks of a stand-in; `safar.standins.base.StandIn` has it."""

    url: str

    def fail(self, code: str, times: int = 1, path: str = "") -> None: ...

    def silence(self, times: int = 1, path: str = "") -> None: ...

    def running(self, port: int | None = None) -> AbstractAsyncContextManager[Any]: ...


@dataclass(frozen=True, slots=True)
class KitSample:
    """A body as the provider documents it, and the names of what is read out of it, in order."""

    body: bytes
    reads: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KitCase:
    """A channel as the kit looks at it.

    `account`: with the stand-in's address as details["api_url"] and a second of time-out. `signed`: a post
    with the provider's proof by an account's secrets. `batch`: several bodies in one; None when a post holds
    one. `taken`: how many messages a stand-in has carried out. `special`: codes that one answer alone
    does not end.
    """

    kind: ChannelKind
    account: Callable[[str], ChannelAccount]
    signed: Callable[[ChannelAccount, bytes], Post]
    samples: Mapping[str, KitSample]
    standin: Callable[[], KitStandIn]
    taken: Callable[[Any], int]
    address: str
    batch: Callable[[Sequence[bytes]], bytes] | None = None
    special: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class KitResult:
    """One promise, and what broke it; empty: it is kept."""

    promise: str
    problems: tuple[str, ...] = field(default=())


async def run_kit(case: KitCase) -> list[KitResult]:
    """Hold a channel to every promise."""
    results = []
    for promise, check in _CHECKS.items():
        problems: list[str] = []
        try:
            await check(case, problems)
        # Whatever a channel raises is what the kit is there to find.
        except Exception as wrong:
            problems.append(f"{type(wrong).__name__}: {wrong}"[:300])
        results.append(KitResult(promise, tuple(problems)))
    return results


def kit_json(case: KitCase, results: Sequence[KitResult]) -> str:
    """Return the results as one line of JSON."""
    promises = {result.promise: list(result.problems) for result in results}
    passed = not any(promises.values())
    return json.dumps({"kind": case.kind.name, "passed": passed, "promises": promises})


def _read(case: KitCase, body: bytes) -> list[Happened]:
    account = case.account("")
    return list(case.kind.reader.read(account, case.signed(account, body), clock.now()))


async def _forged(case: KitCase, problems: list[str]) -> None:
    account = case.account("")
    other = replace(account, secrets={name: value[::-1] + "x" for name, value in account.secrets.items()})
    for name, sample in case.samples.items():
        good = case.signed(account, sample.body)
        case.kind.reader.check(account, good)
        bare = replace(good, headers={"content-type": good.content_type}, query={})
        for what, post, whose in (
            ("without a proof", bare, account),
            ("with the proof of another secret", case.signed(other, sample.body), account),
            ("to an account without secrets", good, replace(account, secrets={})),
        ):
            try:
                case.kind.reader.check(whose, post)
            except NotAuthentic:
                continue
            problems.append(f"{name}: taken {what}")


async def _hostile(case: KitCase, problems: list[str]) -> None:
    if not 0 < case.kind.body_bytes_max <= _BODY_BYTES_MAX:
        problems.append(f"bodies of {case.kind.body_bytes_max} bytes are taken")
    first = next(iter(case.samples.values())).body
    bodies = {
        "empty": b"", "no text": b"\xff\xfe\x00", "no object": b"[]", "a list of nothing": b"[null]",
        "cut": first[:-3],
        "nested lists": b"[" * _DEPTH, "nested objects": b'{"a":' * _DEPTH,
        "NUL": first.replace(b"a", b"\\u0000"),
        "half a character": first.replace(b"e", b"\\ud800"), "large": b'{"a":"' + b"x" * 2_000_000 + b'"}',
    }  # fmt: skip
    for name, body in bodies.items():
        began = time.perf_counter()
        with suppress(Unreadable):
            problems += [f"{name}: {one}" for one in _read(case, body) if _cannot_be_stored(one)]
        if time.perf_counter() - began > _READ_S_MAX:
            problems.append(f"{name}: takes longer than {_READ_S_MAX} s")


def _cannot_be_stored(one: Happened) -> bool:
    if isinstance(one, NotUnderstood) and "mistake of ours" in one.reason:
        return True
    texts = (getattr(one, name, None) for name in ("text", "external_id", "address"))
    return any("\x00" in text or not _is_utf8(text) for text in texts if isinstance(text, str))


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


async def _samples(case: KitCase, problems: list[str]) -> None:
    for name, sample in case.samples.items():
        happened = _read(case, sample.body)
        if tuple(type(one).__name__ for one in happened) != sample.reads:
            problems.append(f"{name}: {[type(one).__name__ for one in happened]}, not {list(sample.reads)}")
        for one in happened:
            if isinstance(one, Said) and (not one.external_id or not one.people or not one.address):
                problems.append(f"{name}: a message without its id, writer or address")
            if isinstance(one, MessageNotice) and not one.external_id and one.our_id is None:
                problems.append(f"{name}: a notice of no message")
            if isinstance(one, Said) and {who.kind for who in one.people} - {*case.kind.identities, "phone"}:
                problems.append(f"{name}: a person of a kind that the channel does not name")


async def _again(case: KitCase, problems: list[str]) -> None:
    """Read everything twice, the second time in another order: what is said must be the same."""
    names = list(case.samples)
    first = {name: _told(_read(case, case.samples[name].body)) for name in names}
    random.Random(1).shuffle(names)
    second = {name: _told(_read(case, case.samples[name].body)) for name in names}
    problems += [f"{name}: read differently" for name in names if first[name] != second[name]]


def _told(happened: Sequence[Happened]) -> list[tuple[object, ...]]:
    return [(type(one), getattr(one, "external_id", ""), getattr(one, "what", "")) for one in happened]


async def _batch(case: KitCase, problems: list[str]) -> None:
    if case.batch is None:
        return
    bodies = [sample.body for sample in case.samples.values() if sample.reads]
    whole = [one for body in bodies for one in _told(_read(case, body))]
    bodies.insert(len(bodies) // 2, b'{"type": 7}')
    happened = _read(case, case.batch(bodies))
    if [one for one in _told(happened) if one[0] is not NotUnderstood] != whole:
        problems.append("a bad element keeps others out")
    if not any(isinstance(one, NotUnderstood) for one in happened):
        problems.append("a bad element is not told of")


async def _answers(case: KitCase, problems: list[str]) -> None:
    answer = case.kind.answer
    if answer.status != 200 or b"method" in answer.body or len(answer.body) > 200:
        problems.append("the answer to a post is not an empty 200")


@asynccontextmanager
async def _sending(case: KitCase) -> AsyncIterator[tuple[ChannelSender, Any]]:
    import httpx

    standin = case.standin()
    async with standin.running(), httpx.AsyncClient(trust_env=False) as client:
        sender = case.kind.sender(case.account(standin.url), client)
        yield sender, standin
        await sender.close()


def _letter(case: KitCase, text: str) -> OutboundMessage:
    return OutboundMessage(id=new_id(), address=case.address, text=text, language="en")


async def _codes(case: KitCase, problems: list[str]) -> None:
    for code, verdict in case.kind.codes.items():
        if code in case.special:
            continue
        async with _sending(case) as (sender, standin):
            standin.fail(code)
            result: SendResult = await sender.send(_letter(case, "Hello"))
        if result.verdict is not verdict:
            problems.append(f"{code}: {result.verdict}, not {verdict}")
        if result.verdict in _PAUSED and result.pause_s <= 0:
            problems.append(f"{code}: again without a pause")


async def _silence(case: KitCase, problems: list[str]) -> None:
    async with _sending(case) as (sender, standin):
        standin.silence()
        result = await sender.send(_letter(case, "Hello"))
        if result.verdict is not Verdict.UNKNOWN or case.taken(standin) != 1:
            problems.append(f"{result.verdict}, taken {case.taken(standin)} times")
    gone = case.account("http://127.0.0.1:9")
    import httpx

    async with httpx.AsyncClient(trust_env=False) as client:
        result = await case.kind.sender(gone, client).send(_letter(case, "Hello"))
    if result.verdict is not Verdict.AGAIN:
        problems.append(f"nobody there: {result.verdict}")


async def _texts(case: KitCase, problems: list[str]) -> None:
    async with _sending(case) as (sender, standin):
        for text in ("", " \n\t"):
            if (await sender.send(_letter(case, text))).verdict is Verdict.SENT:
                problems.append("an empty text is sent")
        if case.taken(standin):
            problems.append("an empty text is asked for")
        result = await sender.send(_letter(case, "word " * (case.kind.text.most // 2)))
        parts = len(result.external_ids)
        if result.verdict is not Verdict.SENT or parts < 2 or parts != case.taken(standin):
            problems.append(f"a long text: {result.verdict}, {parts} ids, {case.taken(standin)} taken")


async def _files(case: KitCase, problems: list[str]) -> None:
    async with _sending(case) as (sender, _standin):
        for source in (
            "",
            "no such file",
            "http://169.254.169.254/latest",
            "https://evil.example/x",
            "../../etc/passwd",
        ):
            try:
                await sender.fetch(MessagePart(kind=PartKind.IMAGE, source=source), bytes_max=10)
            except CannotFetch:
                continue
            problems.append(f"a file is fetched from {source!r}")


_CHECKS: Mapping[str, Callable[[KitCase, list[str]], Awaitable[None]]] = {
    "A post without the provider's proof is refused": _forged,
    "No body breaks the reader or keeps it busy": _hostile,
    "Every documented sample is read completely": _samples,
    "The same post says the same, in whatever order": _again,
    "One bad element keeps no other out": _batch,
    "The answer to a post asks for nothing": _answers,
    "Every documented code has one meaning, and a pause where it is asked again": _codes,
    "What is taken and never answered is unknown, what is never asked is asked again": _silence,
    "An empty text is not sent, a long one in parts": _texts,
    "A file is fetched from the provider only": _files,
}
