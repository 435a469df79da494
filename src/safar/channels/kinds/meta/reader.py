"""What Meta posts of a page or an Instagram account: every entry and every event of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from safar.channels.kinds import graph
from safar.channels.kinds.graph import our_id_in
from safar.channels.kinds.meta.content import flags_of, meta_content
from safar.channels.kinds.port import (
    AccountNews,
    ChannelAccount,
    Happened,
    MessageNotice,
    MessagePart,
    NotUnderstood,
    OptOut,
    PartKind,
    Person,
    Post,
    ReadUpTo,
    Said,
    Unreadable,
    What,
)
from safar.channels.kinds.reading import (
    Misread,
    each_of,
    elements_of,
    flat,
    id_of,
    moment_of,
    object_of,
    parsed,
    raw_of,
    short,
    text_of,
)

_THREAD = (
    "pass_thread_control",
    "take_thread_control",
    "request_thread_control",
    "app_roles",
    "account_linking",
)


@dataclass(frozen=True, slots=True)
class MetaReader:
    """Reads posts about accounts of one kind. `about`: Meta's word for them; `own_id`: where ours is."""

    kind: str
    about: str
    own_id: str

    def handshake(self, account: ChannelAccount, query: Mapping[str, str]) -> str | None:
        return graph.handshake(account, query)

    def check(self, account: ChannelAccount, post: Post) -> None:
        graph.check(account, post)

    def read(self, account: ChannelAccount, post: Post, now: datetime) -> Sequence[Happened]:
        envelope = parsed(post.body)
        if envelope.get("object") != self.about:
            raise Unreadable(f"This is no post about a {self.about}.")
        try:
            entries = elements_of(envelope.get("entry"), "entry")
        except Misread as wrong:
            raise Unreadable(str(wrong)) from None
        return list(each_of(entries, lambda entry: self._entry(account, entry, now)))

    def _entry(self, account: ChannelAccount, entry: Mapping[str, Any], now: datetime) -> Iterator[Happened]:
        ours = account.details.get(self.own_id, "")
        told = text_of(entry.get("id"))
        if ours and told != ours:
            raise Misread(
                f"it is for {short(told, 40) or 'nobody'}, which posts to another account's address"
            )
        events = _Events(account, self.kind, now)
        lists = [name for name in ("messaging", "standby", "changes") if entry.get(name) is not None]
        if not lists:
            raise Misread("an entry without anything in it")
        for name in lists:
            read = events.change if name == "changes" else events.event
            yield from each_of(elements_of(entry[name], name), read)


@dataclass(frozen=True, slots=True)
class _Events:
    """The events of one entry."""

    account: ChannelAccount
    kind: str
    now: datetime

    def change(self, change: Mapping[str, Any]) -> Iterable[Happened]:
        """Refuse what is no message (comments, mentions); the field of a test button is read as an event."""
        value = change.get("value")
        if isinstance(value, dict) and "sender" in value and "recipient" in value:
            return list(self.event(value))
        raise Misread(f"{short(change.get('field'), 60) or 'a change'}: only messages are taken")

    def event(self, event: Mapping[str, Any]) -> Iterator[Happened]:
        """Yield what one event says."""
        at = moment_of(event.get("timestamp"), self.now, per_second=1000)
        for name, read in (
            ("message", self._message),
            ("message_edit", self._edit),
            ("reaction", self._reaction),
            ("postback", self._postback),
            ("read", self._read),
            ("delivery", self._delivery),
            ("referral", self._referral),
            ("optin", self._optin),
            ("policy_enforcement", self._policy),
        ):
            if isinstance(event.get(name), dict):
                yield from read(event, event[name], at)
                return
        for name in _THREAD:
            if name in event:
                yield AccountNews(name, short(object_of(event[name]).get("metadata")) or name)
                return
        raise Misread(f"an event that is not known: {', '.join(short(key, 40) for key in list(event)[:8])}")

    def _person(self, event: Mapping[str, Any], side: str) -> Person:
        return Person(
            self.kind, id_of(object_of(event.get(side)).get("id"), f"the {side}"), self.account.scope
        )

    def _message(
        self, event: Mapping[str, Any], message: Mapping[str, Any], at: datetime
    ) -> Iterator[Happened]:
        external_id = id_of(message.get("mid"), "the id of the message")
        echo = message.get("is_echo") is True
        person = self._person(event, "recipient" if echo else "sender")
        if message.get("is_deleted") is True:
            yield MessageNotice(what=What.DELETED, at=at, external_id=external_id, people=(person,))
            return
        if echo and (notice := self._own_echo(message, external_id, at, person)):
            yield notice
            return
        content = meta_content(message)
        if content.unknown:
            kinds = ", ".join(content.unknown)
            yield NotUnderstood(f"an attachment of a type that is not known: {kinds}", raw_of(message))
        yield Said(
            external_id=external_id,
            people=(person,),
            address=person.value,
            text=content.text,
            at=at,
            parts=content.parts,
            answers=short(object_of(message.get("reply_to")).get("mid"), 500) or None,
            pressed=short(object_of(message.get("quick_reply")).get("payload"), 1000) or None,
            echo=echo,
            data=flags_of(message) | self._referred(event),
        )

    def _own_echo(
        self, message: Mapping[str, Any], external_id: str, at: datetime, person: Person
    ) -> MessageNotice | None:
        """Return that a message of ours went out; None for one that a person wrote in another place.

        What carries our own word (`metadata`) is ours, and what our own app sent.
        """
        our_id = our_id_in(message.get("metadata"))
        app, ours = text_of(message.get("app_id")), self.account.details.get("app_id", "")
        if our_id is None and not (ours and app == ours):
            return None
        return MessageNotice(what=What.SENT, at=at, external_id=external_id, our_id=our_id, people=(person,))

    def _edit(self, event: Mapping[str, Any], edit: Mapping[str, Any], at: datetime) -> Iterator[Happened]:
        external_id = id_of(edit.get("mid"), "the edited message")
        if not isinstance(edit.get("text"), str):
            raise Misread("an edit has no text")
        person = self._person(event, "sender")
        yield MessageNotice(
            what=What.EDITED, at=at, external_id=external_id, text=text_of(edit["text"]), people=(person,)
        )

    def _reaction(
        self, event: Mapping[str, Any], reaction: Mapping[str, Any], at: datetime
    ) -> Iterator[Happened]:
        action = text_of(reaction.get("action"))
        if action not in ("react", "unreact"):
            raise Misread(f"a reaction that is not known: {action[:40]}")
        person = self._person(event, "sender")
        sign = short(reaction.get("emoji"), 20) or short(reaction.get("reaction"), 20)
        yield MessageNotice(
            what=What.REACTED,
            at=at,
            external_id=id_of(reaction.get("mid"), "the message of the reaction"),
            text=sign if action == "react" else "",
            key=person.value,
            people=(person,),
        )

    def _postback(
        self, event: Mapping[str, Any], postback: Mapping[str, Any], at: datetime
    ) -> Iterator[Happened]:
        person = self._person(event, "sender")
        yield Said(
            external_id=short(postback.get("mid"), 500) or self._made_id("postback", event, person),
            people=(person,),
            address=person.value,
            text=text_of(postback.get("title")),
            at=at,
            pressed=short(postback.get("payload"), 1000) or None,
            data=self._referred(postback),
        )

    def _read(self, event: Mapping[str, Any], read: Mapping[str, Any], at: datetime) -> Iterator[Happened]:
        """Read that somebody read: everything up to a moment (Messenger), or one message (Instagram)."""
        person = self._person(event, "sender")
        if read.get("mid"):
            external_id = id_of(read["mid"], "the message that was read")
            yield MessageNotice(what=What.READ, at=at, external_id=external_id, people=(person,))
        elif read.get("watermark"):
            yield ReadUpTo(person.value, moment_of(read["watermark"], self.now, per_second=1000))
        else:
            raise Misread("what was read is not named")

    def _delivery(
        self, event: Mapping[str, Any], delivery: Mapping[str, Any], at: datetime
    ) -> Iterator[Happened]:
        person = self._person(event, "sender")
        for mid in elements_of(delivery.get("mids"), "mids"):
            external_id = id_of(mid, "the delivered message")
            yield MessageNotice(what=What.DELIVERED, at=at, external_id=external_id, people=(person,))

    def _referral(
        self, event: Mapping[str, Any], referral: Mapping[str, Any], at: datetime
    ) -> Iterator[Happened]:
        """Read that somebody came by a link or an advertisement; nobody wrote anything yet."""
        person = self._person(event, "sender")
        data = {"referral": flat(referral)}
        yield Said(
            external_id=self._made_id("referral", event, person),
            people=(person,),
            address=person.value,
            text="",
            at=at,
            parts=(MessagePart(kind=PartKind.OTHER, data={"type": "referral", **data}),),
            automatic=True,
            data=data,
        )

    def _optin(self, event: Mapping[str, Any], optin: Mapping[str, Any], at: datetime) -> Iterator[Happened]:
        """Read that somebody asked for news, or wants no more of them."""
        person = self._person(event, "sender")
        status = text_of(optin.get("notification_messages_status")).upper()
        words = short(optin.get("title")) or status or short(optin.get("type")) or "optin"
        yield OptOut((person,), at, words, given="STOP" not in status)

    def _policy(
        self, _event: Mapping[str, Any], policy: Mapping[str, Any], _at: datetime
    ) -> Iterator[Happened]:
        action, reason = short(policy.get("action")), short(policy.get("reason"), 500)
        yield AccountNews(
            "policy_enforcement", f"{action}: {reason}", bad=action != "unblock", data=flat(policy)
        )

    def _made_id(self, what: str, event: Mapping[str, Any], person: Person) -> str:
        """Return the same id for the same event, where Meta gives none."""
        stamp = short(event.get("timestamp"), 30)
        if not stamp:
            raise Misread(f"a {what} has neither an id nor a time")
        return f"{what}:{person.value}:{stamp}"[:500]

    def _referred(self, element: Mapping[str, Any]) -> dict[str, Any]:
        referral = flat(element.get("referral"))
        return {"referral": referral} if referral else {}
