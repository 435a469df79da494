"""The messages and statuses of one change of WhatsApp."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from safar.channels.kinds.graph import graph_error, our_id_in, verdict_of
from safar.channels.kinds.port import (
    AccountNews,
    Happened,
    MessageNotice,
    NotUnderstood,
    Person,
    Renamed,
    Said,
    What,
)
from safar.channels.kinds.reading import (
    Misread,
    elements_of,
    flat,
    id_of,
    moment_of,
    object_of,
    raw_of,
    short,
    text_of,
)
from safar.channels.kinds.whatsapp.codes import CODES
from safar.channels.kinds.whatsapp.content import errors_of, placeholder, whatsapp_content
from safar.channels.kinds.whatsapp.people import ContactBook, WhatsAppUser, phone_of, user_id_of

_STATUSES = {
    "sent": What.SENT,
    "delivered": What.DELIVERED,
    "read": What.READ,
    "played": What.READ,
    "failed": What.FAILED,
}
_CHANGED = frozenset({"user_changed_number", "customer_changed_number", "user_changed_user_id"})


@dataclass(frozen=True, slots=True)
class Change:
    """What all messages of one change share. `scope`: the portfolio within which user ids are the same."""

    scope: str
    book: ContactBook
    now: datetime

    def message(self, message: Mapping[str, Any]) -> Iterator[Happened]:
        """Yield what one message from somebody says."""
        if text_of(message.get("type")) == "system":
            yield from self._system(message)
            return
        user = self.book.user(message.get("from"), message.get("from_user_id"))
        yield from self._told(message, user, echo=False)

    def echo(self, message: Mapping[str, Any]) -> Iterator[Happened]:
        """Yield what one message says that somebody of ours wrote in WhatsApp's own app."""
        user = self.book.user(message.get("to"), message.get("to_user_id"))
        yield from self._told(message, user, echo=True)

    def _told(self, message: Mapping[str, Any], user: WhatsAppUser, *, echo: bool) -> Iterator[Happened]:
        kind = text_of(message.get("type"))
        at = moment_of(message.get("timestamp"), self.now)
        people = user.people(self.scope)
        if message.get("group_id"):
            raise Misread("a message of a group")
        if kind == "reaction":
            reaction = object_of(message.get("reaction"))
            yield MessageNotice(
                what=What.REACTED,
                at=at,
                external_id=id_of(reaction.get("message_id"), "the message of the reaction"),
                text=short(reaction.get("emoji"), 20),
                key="us" if echo else user.address,
                people=people,
            )
        elif kind == "edit":
            edit = object_of(message.get("edit"))
            edited = object_of(edit.get("message"))
            original = id_of(edit.get("original_message_id"), "the edited message")
            content = whatsapp_content(edited)
            if content is None:
                raise Misread("an edit says nothing new")
            yield MessageNotice(
                what=What.EDITED, at=at, external_id=original, text=content.text, people=people
            )
        elif kind == "revoke":
            revoked = object_of(message.get("revoke")).get("original_message_id")
            original_id = id_of(revoked, "the deleted message")
            yield MessageNotice(what=What.DELETED, at=at, external_id=original_id, people=people)
        else:
            yield from self._said(message, kind, user, at, echo=echo)

    def _said(
        self, message: Mapping[str, Any], kind: str, user: WhatsAppUser, at: datetime, *, echo: bool
    ) -> Iterator[Happened]:
        external_id = id_of(message.get("id"), "the id of the message")
        context = object_of(message.get("context"))
        content = whatsapp_content(message)
        if content is None:
            content = placeholder(kind or "untyped", errors_of(message))
            yield NotUnderstood(f"a message of a type that is not known: {short(kind, 60)}", raw_of(message))
        data = {**content.data, **_around(message, context)}
        if user.username:
            data["username"] = user.username
        yield Said(
            external_id=external_id,
            people=user.people(self.scope),
            address=user.address,
            text=content.text,
            at=at,
            name=user.name,
            parts=content.parts,
            answers=short(context.get("id"), 500) or None,
            pressed=content.pressed,
            echo=echo,
            data=data,
        )

    def _system(self, message: Mapping[str, Any]) -> Iterator[Happened]:
        """Yield what WhatsApp itself says of somebody; such messages carry no contacts."""
        system = object_of(message.get("system"))
        kind = text_of(system.get("type"))
        at = moment_of(message.get("timestamp"), self.now)
        if kind in _CHANGED:
            before = phone_of(system.get("customer")) or phone_of(message.get("from"))
            after = phone_of(system.get("wa_id")) or phone_of(system.get("new_wa_id"))
            told = list(
                self._renamed(before, after, system.get("previous_user_id"), system.get("user_id"), at)
            )
            if not told:
                raise Misread("a change of number names no two numbers")
            yield from told
        elif kind:
            yield AccountNews(f"person.{kind}"[:80], short(system.get("body"), 500), data=flat(system))
        else:
            raise Misread("a system message of no type")

    def _renamed(
        self, phone_before: str, phone_after: str, id_before: object, id_after: object, at: datetime
    ) -> Iterator[Renamed]:
        if phone_before and phone_after and phone_before != phone_after:
            yield Renamed(Person("phone", phone_before), Person("phone", phone_after), at)
        known, new = user_id_of(id_before), user_id_of(id_after)
        if known and new and known != new:
            yield Renamed(Person("whatsapp", known, self.scope), Person("whatsapp", new, self.scope), at)

    def user_id(self, update: Mapping[str, Any]) -> Iterator[Happened]:
        """Yield that somebody has another id within the portfolio."""
        ids = object_of(update.get("user_id"))
        at = moment_of(update.get("timestamp"), self.now)
        told = list(self._renamed("", "", ids.get("previous"), ids.get("current"), at))
        if not told:
            raise Misread("a change of id names no two ids")
        yield from told

    def status(self, status: Mapping[str, Any]) -> Iterator[Happened]:
        """Yield what became of a message of ours."""
        what = _STATUSES.get(text_of(status.get("status")))
        if what is None:
            raise Misread(f"a status that is not known: {short(status.get('status'), 60)}")
        errors = elements_of(status.get("errors"), "errors")
        error = graph_error(errors[0]) if errors else None
        failed = what is What.FAILED
        phone, user_id = phone_of(status.get("recipient_id")), user_id_of(status.get("recipient_user_id"))
        user = WhatsAppUser(phone, user_id or user_id_of(status.get("recipient_id")))
        yield MessageNotice(
            what=what,
            at=moment_of(status.get("timestamp"), self.now),
            external_id=id_of(status.get("id"), "the id of the message"),
            our_id=our_id_in(status.get("biz_opaque_callback_data")),
            code=(error.code or None) if error else None,
            text=error.reason if error else "",
            verdict=verdict_of(CODES, error) if failed and error else None,
            people=user.people(self.scope),
        )


def _around(message: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
    """Return what stands beside what was said: the advertisement it came from, whether it was passed on."""
    data: dict[str, Any] = {}
    for name, value in (
        ("referral", message.get("referral")),
        ("product", context.get("referred_product")),
    ):
        if fields := flat(value):
            data[name] = fields
    if context.get("forwarded") is True or context.get("frequently_forwarded") is True:
        data["forwarded"] = True
    if reason := errors_of(message):
        data["error"] = reason
    return data


def values_in(elements: object) -> Iterable[Any]:
    """Return the elements of what may be one of them or a list of them."""
    return elements if isinstance(elements, list) else [elements]
