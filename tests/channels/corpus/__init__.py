"""Mails of every kind that customers' programs and servers write, our own words, each with what it has to say."""

from tests.channels.corpus import bounces, charsets, headers, parts, people, quotes
from tests.channels.corpus.case import Case

CASES: tuple[Case, ...] = (
    *charsets.CASES,
    *headers.CASES,
    *parts.CASES,
    *quotes.CASES,
    *people.CASES,
    *bounces.CASES,
)
