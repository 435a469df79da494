"""What a program posts: one event, or several as `events`. The form is ours: docs/channels/http.md."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from safar.channels.kinds.http.codes import CODES
from safar.channels.kinds.http.signing import ID, problem_of
from safar.channels.kinds.port import (
    ChannelAccount,
    Happened,
    MessageNotice,
    MessagePart,
    NotAuthentic,
    OptOut,
    PartKind,
    Person,
    Post,
    Reachability,
    Said,
    Verdict,
    What,
)
from safar.channels.kinds.reading import (
    Misread,
    each_of,
    elements_of,
    id_of,
    object_of,
    parsed,
    short,
    text_of,
)
from safar.kernel import clock

HTTP = "http"
EVENTS_MAX = 1000
_PARTS_MAX = 20
_PARTS = {kind.value: kind for kind in PartKind}
_STATUSES = {what.value: what for what in What}

Object = Mapping[str, Any]


class HttpReader:
    """Reads the posts of a program."""

    def handshake(self, account: ChannelAccount, query: Mapping[str, str]) -> str | None:
        return None

    def check(self, account: ChannelAccount, post: Post) -> None:
        problem = problem_of(account.secrets.get("secret", ""), post.headers, post.body, clock.now())
        if problem is not None:
            raise NotAuthentic(problem)

    def read(self, account: ChannelAccount, post: Post, now: datetime) -> Sequence[Happened]:
        said = parsed(post.body)
        events: list[Any] = [said]
        if "events" in said:
            found = said["events"]
            events = found[:EVENTS_MAX] if isinstance(found, list) else [found]

        def read(event: Object) -> Iterator[Happened]:
            kind = text_of(event.get("type"))
            if kind not in _READERS:
                raise Misread(f"an event of an unknown type: {kind[:40] or 'none'}")
            # A post that says no id of its own is known by the id that it was signed with.
            alone = post.headers.get(ID, "") if len(events) == 1 else ""
            yield from _READERS[kind](account, {"id": alone, **event}, now)

        return list(each_of(events, read))


def _person(account: ChannelAccount, event: Object) -> tuple[Person, ...]:
    return (Person(HTTP, id_of(object_of(event.get("from")).get("id"), "from.id"), account.scope),)


def _at(event: Object, now: datetime) -> datetime:
    """Return when it was, written as ISO 8601 with a zone; what cannot be is now."""
    try:
        at = datetime.fromisoformat(text_of(event.get("at"))[:40])
    except ValueError:
        return now
    return min(at.astimezone(UTC), now) if at.tzinfo is not None and 2000 < at.year < 9000 else now


def _message(account: ChannelAccount, event: Object, now: datetime) -> Iterator[Happened]:
    writer = object_of(event.get("from"))
    people = _person(account, event)
    # What a writer gives as their address is a claim: only something sent to it proves it.
    claims = {name: said for name in ("email", "phone") if (said := short(writer.get(name)))}
    files = elements_of(event.get("files"), "files")
    if len(files) > _PARTS_MAX:
        raise Misread("too many files")
    yield Said(
        external_id=id_of(event.get("id"), "id"),
        people=people,
        address=text_of(event.get("address"))[:300] or people[0].value,
        text=text_of(event.get("text")),
        at=_at(event, now),
        name=short(writer.get("name")) or None,
        parts=tuple(_part(object_of(file)) for file in files),
        answers=short(event.get("reply_to"), 500) or None,
        pressed=short(event.get("pressed"), 500) or None,
        hint=short(writer.get("language"), 35) or None,
        echo=event.get("echo") is True,
        automatic=event.get("automatic") is True,
        data={"claims": claims} if claims else {},
    )


def _part(file: Object) -> MessagePart:
    kind, size = text_of(file.get("kind")), file.get("size")
    return MessagePart(
        kind=_PARTS.get(kind, PartKind.DOCUMENT),
        source=id_of(file.get("url"), "url"),
        mime=short(file.get("mime"), 100),
        name=short(file.get("name")),
        size=size if isinstance(size, int) and not isinstance(size, bool) and 0 <= size < 2**53 else None,
        sha256=short(file.get("sha256"), 64),
    )


def _status(account: ChannelAccount, event: Object, now: datetime) -> Iterator[Happened]:
    status = text_of(event.get("status"))
    if status not in _STATUSES:
        raise Misread(f"an unknown status: {status[:40] or 'none'}")
    what, code = _STATUSES[status], short(event.get("code"), 40) or None
    our_id = _our_id(event)
    external_id = short(event.get("message"), 500)
    if not external_id and our_id is None:
        raise Misread("message or our_id is missing")
    writer = event.get("from") is not None
    yield MessageNotice(
        what=what,
        at=_at(event, now),
        external_id=external_id,
        our_id=our_id,
        code=code,
        text=text_of(event.get("text")),
        key=short(object_of(event.get("from")).get("id"), 300) if what is What.REACTED else "",
        verdict=CODES.get(code or "", Verdict.REFUSED) if what is What.FAILED else None,
        people=_person(account, event) if writer else (),
    )


def _our_id(event: Object) -> UUID | None:
    try:
        return UUID(text_of(event.get("our_id")))
    except ValueError:
        return None


def _opt_out(account: ChannelAccount, event: Object, now: datetime) -> Iterator[Happened]:
    given = event.get("given") is True
    yield OptOut(_person(account, event), _at(event, now), short(event.get("text")), given)


def _reachable(account: ChannelAccount, event: Object, _now: datetime) -> Iterator[Happened]:
    people = _person(account, event)
    address = text_of(event.get("address"))[:300] or people[0].value
    yield Reachability(people, address, event.get("reachable") is True, short(event.get("reason")))


_READERS: Mapping[str, Callable[[ChannelAccount, Object, datetime], Iterator[Happened]]] = {
    "message": _message,
    "status": _status,
    "opt_out": _opt_out,
    "reachability": _reachable,
}
