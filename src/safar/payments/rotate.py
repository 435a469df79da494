"""Stored secrets of payment providers, encrypted anew with the first key of the ring."""

from dataclasses import dataclass

from safar.kernel.context import Context
from safar.kernel.database import execute, rows
from safar.kernel.errors import BadRequest
from safar.kernel.queries import queries_beside

QUERIES = queries_beside(__file__)


@dataclass(frozen=True, slots=True)
class _Kept:
    provider: str
    secrets: bytes


async def rotate_secrets(context: Context) -> tuple[int, list[str]]:
    """Re-encrypt secrets not under the first key; return (how many, providers whose secrets no key reads)."""
    changed, unreadable = 0, []
    async with context.database.transaction() as connection:
        for way in await rows(_Kept, connection, QUERIES["lock_secrets"]):
            if context.vault.is_current(bytes(way.secrets)):
                continue
            try:
                text = context.vault.decrypt(bytes(way.secrets))
            except BadRequest:
                unreadable.append(way.provider)
                continue
            params = {"provider": way.provider, "secrets": context.vault.encrypt(text)}
            changed += await execute(connection, QUERIES["keep_secrets"], params)
    return changed, unreadable
