"""The words that staff say in the shop's mails instead of the built-in ones, kept for a few seconds."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from safar.channels.letters import LetterPart, MailKind, ShopLetter, plain_text
from safar.channels.model import EMAIL, Outgoing
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, execute, row, rows
from safar.kernel.queries import queries_beside
from safar.kernel.text import shortened

QUERIES = queries_beside(__file__)
SUBJECT_MAX, WORDS_MAX = 150, 2000
_KEPT = timedelta(seconds=5)
_NAMED = re.compile(r"\{\{\s{0,5}([a-z_]{1,30})\s{0,5}\}\}")
_Place = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class MailWords:
    """What staff say in mails of one kind in one language; empty: what is built in."""

    kind: str
    language: str
    subject: str = ""
    intro: str = ""
    closing: str = ""

    @property
    def is_built_in(self) -> bool:
        return not (self.subject or self.intro or self.closing)


Texts = Mapping[tuple[str, str], MailWords]


@dataclass(frozen=True, slots=True)
class _Kept:
    texts: Texts
    at: datetime


_kept: dict[_Place, _Kept] = {}  # by database: a server process has one, a test process many


async def texts_with(connection: Connection) -> Texts:
    """Return the words of all mails that were changed, as they were at most five seconds ago."""
    place = _place(connection)
    kept = _kept.get(place)
    if kept is None or not timedelta(0) <= clock.now() - kept.at < _KEPT:
        kept = _kept[place] = _Kept(await stored_texts(connection), clock.now())
    return kept.texts


async def stored_texts(connection: Connection) -> Texts:
    """Return the words of all mails that were changed, as they stand in this transaction."""
    stored = await rows(MailWords, connection, QUERIES["mail_texts"])
    return {(one.kind, one.language): one for one in stored}


async def change_text(connection: Connection, text: MailWords, *, staff_id: UUID) -> bool:
    """Say this in mails of a kind from now on; return whether it is new. Writes message.text_changed.

    The words are checked already (`unknown_names`). Other processes see it within five seconds.
    """
    key = {"kind": text.kind, "language": text.language}
    before = await row(MailWords, connection, QUERIES["lock_mail_text"], key)
    if (before or MailWords(text.kind, text.language)) == text:
        return False
    if text.is_built_in:
        await execute(connection, QUERIES["forget_mail_text"], key)
    else:
        values = {"subject": text.subject, "intro": text.intro, "closing": text.closing}
        await execute(connection, QUERIES["set_mail_text"], {**key, **values, "now": clock.now()})
    _kept.pop(_place(connection), None)
    told = {**key, "before": _words(before), "after": _words(text)}
    await append_many(connection, [Event(name="message.text_changed", staff_id=staff_id, properties=told)])
    return True


def unknown_names(text: str, kind: MailKind) -> list[str]:
    """Return what a text names in double braces that mails of this kind know nothing of."""
    return [name for name in _NAMED.findall(text) if name not in kind.named]


def in_their_words(message: Outgoing, texts: Texts) -> Outgoing:
    """Return a mail with the words that staff say, where there are any."""
    letter = message.letter
    if message.channel_id != EMAIL or letter is None or not texts:
        return message
    text = texts.get((letter.kind, message.language))
    if text is None:
        return message
    parts = _with_words(letter, text)
    subject = shortened(_filled(text.subject, letter.named), 200) if text.subject else message.subject
    return replace(message, subject=subject, letter=replace(letter, parts=parts), body=plain_text(parts))


def _with_words(letter: ShopLetter, text: MailWords) -> list[LetterPart]:
    said = {"intro": text.intro, "closing": text.closing}
    return [
        replace(part, text=_filled(said[part.kind], letter.named)) if said.get(part.kind) else part
        for part in letter.parts
    ]


def _filled(text: str, named: Mapping[str, str]) -> str:
    return _NAMED.sub(lambda found: named.get(found[1], found[0]), text)


def _words(text: MailWords | None) -> dict[str, str]:
    return {} if text is None else {"subject": text.subject, "intro": text.intro, "closing": text.closing}


def _place(connection: Connection) -> _Place:
    info = connection.info
    return info.host, info.port, info.dbname


async def all_in_their_words(connection: Connection, outgoing: Sequence[Outgoing]) -> Sequence[Outgoing]:
    """Return mails as they go out; what is no letter stays as it is."""
    if not any(message.letter is not None for message in outgoing):
        return outgoing
    texts = await texts_with(connection)
    return [in_their_words(message, texts) for message in outgoing] if texts else outgoing
