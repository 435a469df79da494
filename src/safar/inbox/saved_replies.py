"""Answers that are said often: by a shortcut, in several languages, with places for what differs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from psycopg.types.json import Jsonb

from safar.inbox.errors import NoSavedReply, ShortcutTaken
from safar.inbox.notes import QUERIES
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, execute, rows, value

WORDS_MAX = 4000
_REPLIES_MAX = 500
SHORTCUT = re.compile(r"[\w-]{1,40}")
PLACES = ("customer", "order", "shop")
_PLACE = re.compile(r"\{\{\s{0,5}([a-z]{1,20})\s{0,5}\}\}")


@dataclass(frozen=True, slots=True)
class SavedReply:
    """A saved reply; `words`: by language."""

    id: UUID
    shortcut: str
    words: Mapping[str, str]


def words_for(reply: SavedReply, language: str, main: str) -> str:
    """Return its words in a language, else in the shop's main one, else in any."""
    return reply.words.get(language) or reply.words.get(main) or next(iter(reply.words.values()), "")


def filled(words: str, known: Mapping[str, str | None]) -> str:
    """Put in what is known; the place of what is not stays, to be filled by hand."""
    return _PLACE.sub(lambda place: known.get(place[1]) or place[0], words)


def unknown_places(words: str) -> list[str]:
    """Return the places that nothing is ever put in."""
    return [name for name in _PLACE.findall(words) if name not in PLACES]


def open_places(text: str) -> list[str]:
    """Return the places in a text that nothing was put in."""
    return [name for name in _PLACE.findall(text) if name in PLACES]


async def saved_replies(connection: Connection) -> list[SavedReply]:
    """Return all of them, by shortcut."""
    return await rows(SavedReply, connection, QUERIES["saved_replies"], {"limit": _REPLIES_MAX})


async def save_reply(connection: Connection, reply: SavedReply, *, staff_id: UUID) -> None:
    """Write a saved reply. Event: saved_reply.changed. Raises ShortcutTaken."""
    params = {"id": reply.id, "shortcut": reply.shortcut, "now": clock.now()}
    if await value(connection, QUERIES["shortcut_taken"], params) is not None:
        raise ShortcutTaken
    await execute(connection, QUERIES["save_reply"], params)
    await execute(connection, QUERIES["forget_reply_words"], {"id": reply.id})
    words = {language: text for language, text in reply.words.items() if text}
    await execute(connection, QUERIES["save_reply_words"], {"id": reply.id, "words": Jsonb(words)})
    await append_many(connection, [_event("saved_reply.changed", reply.id, reply.shortcut, staff_id)])


async def forget_reply(connection: Connection, reply_id: UUID, *, staff_id: UUID) -> None:
    """Delete a saved reply. Event: saved_reply.deleted. Raises NoSavedReply."""
    shortcut = await value(connection, QUERIES["forget_reply"], {"id": reply_id})
    if shortcut is None:
        raise NoSavedReply
    await append_many(connection, [_event("saved_reply.deleted", reply_id, shortcut, staff_id)])


def _event(name: str, id_: UUID, shortcut: str, staff_id: UUID) -> Event:
    return Event(name=name, staff_id=staff_id, subject_id=id_, properties={"shortcut": shortcut})
