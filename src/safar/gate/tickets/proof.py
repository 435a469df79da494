"""Proof of work: a small cost for each browser that wants a number, so that a million of them cost something.

A challenge T is signed and bound to one browser and a window of time. Its answer are 16 numbers a_i for
which SHA-256("T.i.a_i") begins with `bits` zero bits: 16 · 2^bits hashes in the mean, and 16 to check it.
Many small puzzles instead of a large one keep the time even (its deviation is a quarter of its mean).
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from safar.gate.tickets.errors import NotPatientYet, TicketRefused, WorkWrong
from safar.gate.tickets.seal import Seal, Work, client_tag
from safar.kernel import clock
from safar.kernel.ids import derived_id

PUZZLES = 16
BITS_LEAST, BITS_MOST = 11, 13  # 33,000 to 131,000 hashes; a phone does 200,000 a second
PATIENCE = timedelta(seconds=45)
PATIENCE_BITS = 64  # as good as any proof: there are few a minute from one address
_PATIENCE_LIFE = timedelta(minutes=10)
_WINDOW_S = 300
_BUSY_PER_S, _VERY_BUSY_PER_S = 20.0, 100.0
_ANSWER_MAX = 2**32
_NO_SALT = bytes(8)


def bits_for(arrivals_per_s: float) -> int:
    """Return the difficulty: more while many ask for numbers."""
    return BITS_LEAST + (arrivals_per_s >= _BUSY_PER_S) + (arrivals_per_s >= _VERY_BUSY_PER_S)


def challenge(seal: Seal, client_id: UUID, bits: int, *, again: bool = False) -> str:
    """Return the browser's challenge; within five minutes always the same, unless it needs one `again`."""
    salt = secrets.token_bytes(8) if again else _NO_SALT
    return seal.work_text(Work(_window(clock.now()), bits, client_tag(client_id), salt))


def checked(seal: Seal, client_id: UUID, text: str, answers: Sequence[int]) -> Work:
    """Return the work that was done. Raises WorkWrong for a false, foreign or old challenge or answer."""
    try:
        work = seal.work(text)
    except TicketRefused:
        raise WorkWrong from None
    if work.tag != client_tag(client_id) or not 0 <= _window(clock.now()) - work.window <= 1:
        raise WorkWrong
    if len(answers) != PUZZLES or not all(
        0 <= answer < _ANSWER_MAX and solves(text, index, answer, work.bits)
        for index, answer in enumerate(answers)
    ):
        raise WorkWrong
    return work


def solves(text: str, index: int, answer: int, bits: int) -> bool:
    digest = hashlib.sha256(f"{text}.{index}.{answer}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> (32 - bits) == 0


def solved(text: str, bits: int) -> list[int]:
    """Return the answers to a challenge, as work.js finds them; for programs and tests."""
    return [
        next(answer for answer in range(_ANSWER_MAX) if solves(text, index, answer, bits))
        for index in range(PUZZLES)
    ]


def proven_visit(site_key: str, client_id: UUID, work: Work) -> UUID:
    """Return the visit that the work is good for: doing it twice, or sending it twice, brings no second."""
    return derived_id("visit", site_key, client_id, work.window, work.salt.hex())


def patience(seal: Seal, client_id: UUID) -> str:
    """Return what a browser without scripts shows after PATIENCE instead of answers."""
    return seal.patience_text(clock.now(), client_tag(client_id))


def check_patience(seal: Seal, client_id: UUID, text: str) -> None:
    """Raise NotPatientYet when this browser got `text` just now, WorkWrong when never or too long ago."""
    try:
        issued_at, tag = seal.patience(text)
    except TicketRefused:
        raise WorkWrong from None
    waited = clock.now() - issued_at
    if tag != client_tag(client_id) or waited > _PATIENCE_LIFE:
        raise WorkWrong
    if waited < PATIENCE:
        raise NotPatientYet(seconds=round(PATIENCE.total_seconds()))


def visit_of_patience(site_key: str, client_id: UUID, text: str) -> UUID:
    return derived_id("visit", site_key, client_id, "patience", text)


def _window(at: datetime) -> int:
    return int(at.timestamp()) // _WINDOW_S
