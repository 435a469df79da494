"""What Meta posts of a WhatsApp account: every entry, change, message and status of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from safar.channels.kinds import graph
from safar.channels.kinds.port import AccountNews, ChannelAccount, Happened, OptOut, Post, Unreadable
from safar.channels.kinds.reading import (
    Misread,
    each_of,
    elements_of,
    moment_of,
    object_of,
    parsed,
    short,
    text_of,
)
from safar.channels.kinds.whatsapp.codes import CODES
from safar.channels.kinds.whatsapp.messages import Change, values_in
from safar.channels.kinds.whatsapp.news import NEWS, news_of
from safar.channels.kinds.whatsapp.people import WhatsAppUser, contact_book, phone_of, user_id_of

_CONVERSATION = frozenset({"messages", "smb_message_echoes", "message_echoes", "standby"})
_LISTS = ("messages", "message_echoes", "statuses", "user_id_update", "user_preferences", "errors")


class WhatsAppReader:
    """Reads posts of the Cloud API."""

    def handshake(self, account: ChannelAccount, query: Mapping[str, str]) -> str | None:
        return graph.handshake(account, query)

    def check(self, account: ChannelAccount, post: Post) -> None:
        graph.check(account, post)

    def read(self, account: ChannelAccount, post: Post, now: datetime) -> Sequence[Happened]:
        envelope = parsed(post.body)
        if envelope.get("object") != "whatsapp_business_account":
            raise Unreadable("This is no post about a WhatsApp account.")
        try:
            entries = elements_of(envelope.get("entry"), "entry")
        except Misread as wrong:
            raise Unreadable(str(wrong)) from None
        return list(each_of(entries, lambda entry: _entry(account, entry, now)))


def _entry(account: ChannelAccount, entry: Mapping[str, Any], now: datetime) -> Iterator[Happened]:
    changes = elements_of(entry.get("changes"), "changes")
    yield from each_of(changes, lambda change: _change(account, entry, change, now))


def _change(
    account: ChannelAccount, entry: Mapping[str, Any], change: Mapping[str, Any], now: datetime
) -> Iterator[Happened]:
    field = text_of(change.get("field"))
    value = change.get("value")
    if not isinstance(value, dict):
        raise Misread("a change has no value")
    _ours(account, entry, value)
    if field in _CONVERSATION or field in ("user_id_update", "user_preferences"):
        yield from _conversation(account, value, now)
    elif field == "calls":
        raise Misread("a call: only messages are taken")
    elif field in NEWS:
        yield news_of(field, value)
    else:
        raise Misread(f"a field that is not known: {short(field, 60)}")


def _ours(account: ChannelAccount, entry: Mapping[str, Any], value: Mapping[str, Any]) -> None:
    """Raise Misread for what is about another number or account of the same app."""
    number = text_of(object_of(value.get("metadata")).get("phone_number_id"))
    if number and number != account.details.get("phone_number_id", number):
        raise Misread(f"it is for the number {short(number, 40)}, which posts to another account's address")
    business, ours = text_of(entry.get("id")), account.details.get("business_account_id")
    if not number and ours and business and business != ours:
        raise Misread(f"it is for the WhatsApp account {short(business, 40)}, which is not this one")


def _conversation(account: ChannelAccount, value: Mapping[str, Any], now: datetime) -> Iterator[Happened]:
    lists = {name: value[name] for name in _LISTS if value.get(name) is not None}
    if not lists:
        raise Misread("a change without anything in it")
    change = Change(account.scope, contact_book(value), now)
    for name, read in (
        ("messages", change.message),
        ("message_echoes", change.echo),
        ("statuses", change.status),
        ("user_id_update", change.user_id),
        ("user_preferences", lambda preference: _preference(account, preference, now)),
        ("errors", _error),
    ):
        if name in lists:
            yield from each_of(values_in(lists[name]), read)


def _preference(account: ChannelAccount, preference: Mapping[str, Any], now: datetime) -> Iterable[Happened]:
    """Read that somebody wants no more news of the shop, or wants them again."""
    user = WhatsAppUser(phone_of(preference.get("wa_id")), user_id_of(preference.get("user_id")))
    wanted = text_of(preference.get("value"))
    if wanted not in ("stop", "resume", "signup") or not user.address:
        raise Misread("a wish about news that is not known, or nobody's")
    at = moment_of(preference.get("timestamp"), now)
    words = short(preference.get("detail"), 500) or wanted
    return [OptOut(user.people(account.scope), at, words, given=wanted != "stop")]


def _error(value: Mapping[str, Any]) -> Iterable[Happened]:
    """Read what went wrong with the account as a whole."""
    error = graph.graph_error(value)
    verdict = graph.verdict_of(CODES, error)
    data = {"code": error.code, "verdict": verdict.value}
    return [AccountNews("error", f"{error.code} {error.reason}".strip(), bad=True, data=data)]
