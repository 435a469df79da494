"""What Twilio posts: a message that came in, or how one of ours stands; a form, of which fields may be added.

Source: twilio.com/docs/messaging/guides/webhook-request.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from safar.channels.kinds.port import (
    ChannelAccount,
    Happened,
    MessageNotice,
    MessagePart,
    NotAuthentic,
    NotUnderstood,
    OptOut,
    PartKind,
    Person,
    Post,
    Said,
    Unreadable,
    What,
)
from safar.channels.kinds.reading import Misread, clean, id_of, short
from safar.channels.kinds.sms.codes import OPTED_OUT, verdict_of_code
from safar.channels.kinds.sms.signature import is_signed

SIGNATURE_HEADER = "x-twilio-signature"
OUR_ID = "m"  # of the address that statuses are posted to
_FIELDS_MAX = 200
_MEDIA_MAX = 10
_PHONE = re.compile(r"\+[0-9]{6,15}")
STOP_WORDS = frozenset({"stop", "unsubscribe", "end", "quit", "stopall", "revoke", "optout", "cancel"})
# Twilio takes "yes" for one of these, too; said by somebody who never stopped anything it is an answer.
START_WORDS = frozenset({"start", "unstop"})
_WHAT = {
    "sent": What.SENT,
    "partially_delivered": What.SENT,
    "delivered": What.DELIVERED,
    "read": What.READ,
    "undelivered": What.FAILED,
    "failed": What.FAILED,
    "canceled": What.FAILED,
}
_ON_ITS_WAY = frozenset({"queued", "accepted", "scheduled", "sending", "receiving", "received"})
_KINDS = {"image": PartKind.IMAGE, "audio": PartKind.AUDIO, "video": PartKind.VIDEO}
_CARDS = frozenset({"text/vcard", "text/x-vcard", "text/directory"})


class SmsReader:
    """Reads the posts about a number."""

    def handshake(self, account: ChannelAccount, query: Mapping[str, str]) -> str | None:
        return None

    def check(self, account: ChannelAccount, post: Post) -> None:
        pairs = _pairs(post) if _is_form(post) else []
        given, token = post.headers.get(SIGNATURE_HEADER, ""), account.secrets.get("auth_token", "")
        if not is_signed(token, post.url, given, pairs=pairs, body=post.body):
            raise NotAuthentic("The signature is missing or not Twilio's.")

    def read(self, account: ChannelAccount, post: Post, now: datetime) -> Sequence[Happened]:
        if not _is_form(post):
            raise Unreadable("Twilio posts forms.")
        fields = {name: clean(value) for name, value in _pairs(post)}
        if not fields.get("MessageSid") and not fields.get("SmsSid"):
            raise Unreadable("A post about a message names its MessageSid.")
        try:
            if "MessageStatus" in fields:
                return _status(fields, post, now)
            return said_of(fields, now)
        except Misread as wrong:
            return [NotUnderstood(str(wrong), clean(post.body[:4000].decode("utf-8", "replace")))]


def person_of(number: str) -> Person:
    """Return who has a number; a short code or a name in letters is nobody's phone."""
    return Person("phone" if _PHONE.fullmatch(number) else "sms", number)


def said_of(fields: Mapping[str, str], now: datetime) -> list[Happened]:
    """Return what somebody wrote, and whether it says that they want no more of ours. Raises Misread."""
    number = id_of(fields.get("From"), "From")
    person, text = person_of(number), fields.get("Body", "")
    country = short(fields.get("FromCountry"), 2)
    said = Said(
        external_id=_sid(fields),
        people=(person,),
        address=number,
        text=text,
        at=now,
        name=short(fields.get("ProfileName")) or None,
        parts=_parts(fields),
        automatic=person.kind == "sms",
        data={"country": country} if country else {},
    )
    word, told = text.strip().casefold(), fields.get("OptOutType", "").upper()
    if told == "STOP" or (not told and word in STOP_WORDS):
        return [OptOut((person,), now, text.strip()[:200]), said]
    if told == "START" or (not told and word in START_WORDS):
        return [OptOut((person,), now, text.strip()[:200], given=True), said]
    return [said]


def _parts(fields: Mapping[str, str]) -> tuple[MessagePart, ...]:
    count = fields.get("NumMedia", "0")
    if not (count.isascii() and count.isdigit() and len(count) < 5):
        raise Misread("NumMedia is no number")
    parts = []
    for number in range(min(int(count), _MEDIA_MAX)):
        mime = short(fields.get(f"MediaContentType{number}"), 100).lower()
        kind = _KINDS.get(mime.partition("/")[0], PartKind.DOCUMENT)
        source = id_of(fields.get(f"MediaUrl{number}"), f"MediaUrl{number}")
        parts.append(MessagePart(kind=PartKind.CONTACT if mime in _CARDS else kind, source=source, mime=mime))
    return tuple(parts)


def _status(fields: Mapping[str, str], post: Post, now: datetime) -> list[Happened]:
    status = fields["MessageStatus"].lower()
    if status in _ON_ITS_WAY:
        return []
    if status not in _WHAT:
        raise Misread(f"a status of a new kind: {status[:40]}")
    code = short(fields.get("ErrorCode"), 10) or None
    what = _WHAT[status]
    person = person_of(fields["To"]) if fields.get("To") else None
    people = (person,) if person is not None else ()
    notice = MessageNotice(
        what=what,
        at=now,
        external_id=_sid(fields),
        our_id=_our_id(post),
        code=code,
        text=short(fields.get("ErrorMessage")),
        verdict=verdict_of_code(code or "") if what is What.FAILED else None,
        people=people,
    )
    if code == OPTED_OUT and people:
        return [notice, OptOut(people, now, f"Twilio {code}")]
    return [notice]


def _our_id(post: Post) -> UUID | None:
    """Return the id of ours that stands in the address, which is signed."""
    text = post.query.get(OUR_ID) or dict(parse_qsl(urlsplit(post.url).query)).get(OUR_ID, "")
    try:
        return UUID(text)
    except ValueError:
        return None


def _sid(fields: Mapping[str, str]) -> str:
    return id_of(fields.get("MessageSid") or fields.get("SmsSid"), "MessageSid")


def _is_form(post: Post) -> bool:
    return post.content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded"


def _pairs(post: Post) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            post.body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_FIELDS_MAX
        )
    except ValueError:
        return []
