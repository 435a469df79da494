"""The bot's lexicon, read from words.txt: phrases by the concept they speak of, in the four languages."""

import re
from pathlib import Path

from safar.answers.match import Lexicon, Phrase, folded_words

_SECTION = re.compile(r"^\[(\w+)\]$", re.MULTILINE)


def _sections(text: str) -> dict[str, str]:
    kept = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    parts = _SECTION.split(kept)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def _phrases(text: str) -> tuple[Phrase, ...]:
    found = {_phrase(part) for part in text.replace("\n", " ").split(",")}
    return tuple(sorted(phrase for phrase in found if phrase))


def _phrase(text: str) -> Phrase:
    """Return the words of a phrase as a message's words are; the star of "track*" is kept."""
    if "*" not in text:
        return tuple(folded_words(text))
    return tuple("".join(folded_words(word)) + ("*" if word.endswith("*") else "") for word in text.split())


_CONCEPTS = {
    name: _phrases(text)
    for name, text in _sections(Path(__file__).with_name("words.txt").read_text(encoding="utf-8")).items()
}
_EMPTY = {phrase[0] for phrase in _CONCEPTS.pop("empty") if len(phrase) == 1}
LEXICON = Lexicon(_CONCEPTS)
_WRITTEN = frozenset(word for word in _EMPTY if not word.endswith("*"))
# "yuo", "teh": short empty words of which two letters changed places.
_SWAPPED = {
    word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    for word in _WRITTEN
    if word.isascii() and 3 <= len(word) <= 4
    for at in range(len(word) - 1)
}
EMPTY = _WRITTEN | {word for word in _SWAPPED if word not in LEXICON}
EMPTY_PREFIXES = tuple(sorted(word[:-1] for word in _EMPTY if word.endswith("*")))
