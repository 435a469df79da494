"""Passwords: argon2id, in threads of its own so that the event loop goes on, few at a time."""

import asyncio
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import cache
from typing import Any, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from safar.kernel.errors import Overloaded

LENGTH_MIN = 12
LENGTH_MAX = 200
ONE_TIME_LIFE = timedelta(days=1)
# RFC 9106, second recommended option (64 MiB); two at a time bound what a flood of sign-ins can take.
_hasher = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4)
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")
_WAITING_MAX = 32
_under_way: set[asyncio.Future[Any]] = set()
# Without 0/o, 1/l/i: it is read aloud and typed.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"

T = TypeVar("T")


async def hash_of(password: str) -> str:
    """Return what the database keeps of `password`. Raises Overloaded when too many are being computed."""
    return await _in_thread(lambda: _hasher.hash(_normal(password)))


async def matches(password_hash: str | None, password: str) -> bool:
    """Tell whether the password is the one; for nobody (None) it takes as long and says no."""
    return await _in_thread(
        lambda: _verify(password_hash or _nobody(), password) and password_hash is not None
    )


def outdated(password_hash: str) -> bool:
    """Tell whether the hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)


def one_time_password() -> str:
    """Return a random password of 99 bits, in groups that can be read aloud."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(4))


def acceptable(password: str, email: str) -> bool:
    """Tell whether somebody may have this password."""
    normal = _normal(password)
    return (
        LENGTH_MIN <= len(normal) <= LENGTH_MAX
        and len(set(normal)) > 4
        and normal.casefold() not in (email.casefold(), email.casefold().split("@")[0])
    )


def _normal(password: str) -> str:
    """The same password on every keyboard (NIST SP 800-63B): composed characters, whole."""
    return unicodedata.normalize("NFKC", password)


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, _normal(password))
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    return _hasher.hash(secrets.token_urlsafe(32))


async def _in_thread(work: Callable[[], T]) -> T:
    if len(_under_way) >= _WAITING_MAX:
        raise Overloaded
    done = asyncio.get_running_loop().run_in_executor(_threads, work)
    _under_way.add(done)
    try:
        return await done
    finally:
        _under_way.discard(done)
