"""The accounts at providers that managers have set up: read by every process, kept for a few seconds."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID
from weakref import WeakKeyDictionary

import orjson
from psycopg.types.json import Jsonb

from safar.channels.kinds.kind import ChannelKind
from safar.channels.kinds.port import AccountHealth, ChannelAccount
from safar.channels.model import know_channel
from safar.channels.registry import KINDS
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Connection, Database, as_json, execute, rows, values
from safar.kernel.errors import BadRequest
from safar.kernel.ids import new_id
from safar.kernel.log import log
from safar.kernel.queries import queries_beside

QUERIES = queries_beside(__file__)
_FRESH_S = 3.0
_KEY_BYTES = 18


@dataclass(frozen=True, slots=True)
class _AccountRow:
    id: UUID
    kind: str
    name: str
    key: str
    scope: str
    settings: dict[str, str]
    secret: bytes | None
    active: bool


@dataclass(slots=True)
class _Shelf:
    """What one process keeps of the accounts: read again when it is older than a few seconds."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    by_key: dict[str, ChannelAccount] = field(default_factory=dict)
    read_at: float = float("-inf")


_shelves: WeakKeyDictionary[Database, _Shelf] = WeakKeyDictionary()


def _shelf(context: Context) -> _Shelf:
    return _shelves.setdefault(context.database, _Shelf())


async def accounts_of_channels(context: Context) -> Sequence[ChannelAccount]:
    """Return every account, at most a few seconds old."""
    shelf = _shelf(context)
    time_s = asyncio.get_running_loop().time()
    if time_s - shelf.read_at > _FRESH_S:
        async with shelf.lock:
            if time_s - shelf.read_at > _FRESH_S:
                async with context.database.connection() as connection:
                    found = await load_accounts(context, connection)
                shelf.by_key = {account.key: account for account in found}
                shelf.read_at = asyncio.get_running_loop().time()
    return list(shelf.by_key.values())


async def account_at(context: Context, key: str) -> ChannelAccount | None:
    """Return the account whose provider posts to this address; one that was made just now, too."""
    await accounts_of_channels(context)
    account = _shelf(context).by_key.get(key)
    if account is None and len(key) >= _KEY_BYTES:
        async with context.database.connection() as connection:
            found = await load_accounts(context, connection, key=key)
        account = found[0] if found else None
    return account


async def load_accounts(
    context: Context, connection: Connection, *, key: str | None = None
) -> list[ChannelAccount]:
    """Return the accounts as they stand now, in the order in which they were made."""
    found = await rows(_AccountRow, connection, QUERIES["accounts"], {"key": key})
    for row in found:
        know_channel(row.id, row.kind, row.name)
    return [_opened(context, row) for row in found if row.kind in KINDS]


def _opened(context: Context, row: _AccountRow) -> ChannelAccount:
    opened: dict[str, str] = {}
    if row.secret:
        try:
            opened = orjson.loads(context.vault.decrypt(bytes(row.secret)))
        except BadRequest:  # the installation's secret has changed: it is not usable until set up again
            log.error("channels.secrets_unreadable", channel_id=str(row.id))
    return ChannelAccount(
        id=row.id,
        kind=row.kind,
        name=row.name,
        key=row.key,
        scope=row.scope,
        details=row.settings,
        secrets=opened,
        active=row.active,
        public_url=context.settings.public_url,
    )


def missing_settings(kind: ChannelKind, account: ChannelAccount) -> list[str]:
    """Return the labels of what the account cannot do without and does not have."""
    return [
        setting.label
        for setting in kind.settings
        if setting.required and not (account.secrets if setting.secret else account.details).get(setting.name)
    ]


def new_account(kind: ChannelKind, name: str, public_url: str) -> ChannelAccount:
    """Return an account with an address of its own and the words that we make for it; not yet written."""
    made = {setting.name: secrets.token_urlsafe(24) for setting in kind.settings if setting.made}
    return ChannelAccount(
        id=new_id(),
        kind=kind.name,
        name=name,
        key=secrets.token_urlsafe(_KEY_BYTES),
        secrets=made,
        public_url=public_url,
    )


async def save_account(context: Context, account: ChannelAccount, *, staff_id: UUID) -> ChannelAccount:
    """Write how an account is set up, its secrets encrypted; the journal tells who, never what.

    What its provider refused before is asked again.
    """
    kind = KINDS[account.kind]
    account = replace(account, scope=kind.scope(account.details))
    params = {
        "id": account.id,
        "kind": account.kind,
        "name": account.name,
        "key": account.key,
        "scope": account.scope,
        "settings": Jsonb(dict(account.details)),
        "secret": context.vault.encrypt(orjson.dumps(dict(account.secrets)).decode()),
        "active": account.active,
        "now": clock.now(),
    }
    changed = Event(
        name="channel.changed",
        staff_id=staff_id,
        subject_id=account.id,
        properties={"kind": account.kind, "name": account.name, "active": account.active},
    )
    async with context.database.transaction() as connection:
        await execute(connection, QUERIES["save_account"], params)
        await append_many(connection, [changed])
    _shelf(context).read_at = float("-inf")
    return account


async def note_health(connection: Connection, account: ChannelAccount, health: AccountHealth) -> None:
    """Keep what the provider said of an account; a dead token keeps everything back from leaving."""
    params = {
        "id": account.id,
        "trouble": health.problem,
        "sign_in": health.sign_in,
        "now": clock.now(),
    }
    await execute(connection, QUERIES["note_health"], params)


async def pause_account(connection: Connection, channel_id: UUID, pause_s: float) -> None:
    """Let nothing leave for so many seconds: the provider asked for it."""
    params = {"id": channel_id, "pause_s": pause_s, "now": clock.now()}
    await execute(connection, QUERIES["pause_account"], params)


async def resting_accounts(connection: Connection) -> set[UUID]:
    """Return the accounts from which nothing may leave now: switched off, signed out, or asked to wait."""
    return set(await values(connection, QUERIES["resting_accounts"], {"now": clock.now()}))


async def take_unchecked(connection: Connection, *, every: timedelta) -> list[UUID]:
    """Return active accounts whose provider was not asked for so long; they count as asked now."""
    now = clock.now()
    params = {"before": now - every, "now": now}
    return await values(connection, QUERIES["take_unchecked"], params)


async def note_traffic(connection: Connection, counts: Mapping[UUID, Mapping[str, int]]) -> None:
    """Add to what went through each channel in this hour: posts, refused, received, sent, failed."""
    now = clock.now()
    records = [{"id": id_, **dict(counted)} for id_, counted in sorted(counts.items())]
    await execute(connection, QUERIES["note_traffic"], {"counts": as_json(records), "now": now})
