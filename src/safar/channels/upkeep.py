"""What is done for the accounts at providers besides sending: files fetched, the provider asked how things
stand."""

import asyncio
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from safar.channels.accounts import accounts_of_channels, note_health, take_unchecked
from safar.channels.kinds.port import (
    AccountHealth,
    CannotFetch,
    ChannelAccount,
    MessagePart,
    PartKind,
)
from safar.channels.notices import apply_overtaken
from safar.channels.parts import FILE_BYTES_MAX, DuePart, fail_part, store_part, take_due_parts
from safar.channels.senders import Senders
from safar.kernel.context import Context
from safar.kernel.log import error_kind, log

_FILES_AT_ONCE = 4
_FETCH_S_MAX = 60.0
_ASKED_S_MAX = 15.0
_ASK_EVERY = timedelta(minutes=5)
_OVERTAKEN_MAX = 500


@dataclass(slots=True)
class Upkeep:
    """The steps of a worker that keep the accounts going."""

    context: Context
    senders: Senders

    async def fetch_files(self) -> bool:
        """Fetch the files of messages that came in; return whether there may be more."""
        accounts = {account.id: account for account in await accounts_of_channels(self.context)}
        if not accounts:
            return False
        async with self.context.database.transaction() as connection:
            due = await take_due_parts(connection, limit=_FILES_AT_ONCE, lease_s=2 * _FETCH_S_MAX)
        await asyncio.gather(*(self._fetch(accounts.get(part.channel_id), part) for part in due))
        return len(due) == _FILES_AT_ONCE

    async def _fetch(self, account: ChannelAccount | None, part: DuePart) -> None:
        """Fetch one file; every way it can end is written down."""
        reason, again, content, name = "", True, b"", ""
        try:
            if account is None:
                raise CannotFetch("its account is not set up any more")
            sender = await self.senders.of(account)
            async with asyncio.timeout(_FETCH_S_MAX):
                fetched = await sender.fetch(_asked(part), bytes_max=FILE_BYTES_MAX)
            content, name = fetched.content, fetched.name
            if len(content) > FILE_BYTES_MAX:
                raise CannotFetch("it is too large")
            if part.sha256 and _other_content(part.sha256, content):
                raise CannotFetch("it is not what was announced: its checksum differs", again=True)
        except CannotFetch as error:
            reason, again = str(error), error.again
        except TimeoutError:
            reason = "the provider did not answer in time"
        except Exception as error:  # whatever it is about this file: it holds up no other
            log.warning("channels.file_not_fetched", part_id=str(part.id), error=error_kind(error))
            reason = type(error).__name__
        async with self.context.database.transaction() as connection:
            if reason:
                await fail_part(connection, part, reason, again=again)
            else:
                await store_part(connection, part, content, name=name)

    async def ask_providers(self) -> bool:
        """Ask the providers of accounts that were not asked for a while how these stand."""
        accounts = {account.id: account for account in await accounts_of_channels(self.context)}
        if not accounts:
            return False
        async with self.context.database.transaction() as connection:
            ids: Sequence[UUID] = await take_unchecked(connection, every=_ASK_EVERY)
        for id_ in ids:
            if (account := accounts.get(id_)) is not None:
                await self.ask(account)
        return False

    async def ask(self, account: ChannelAccount) -> AccountHealth:
        """Ask a provider how the account stands, and write it down."""
        return await self._asked(account, connect=False)

    async def connect(self, account: ChannelAccount) -> AccountHealth | None:
        """Have a provider that can be told so post to the account's address; None for all others."""
        if not account.active or not hasattr(await self.senders.of(account), "connect"):
            return None
        return await self._asked(account, connect=True)

    async def _asked(self, account: ChannelAccount, *, connect: bool) -> AccountHealth:
        try:
            sender: Any = await self.senders.of(account)
            async with asyncio.timeout(_ASKED_S_MAX):
                health: AccountHealth = await (sender.connect() if connect else sender.health())
        except TimeoutError:
            health = AccountHealth(problem="the provider did not answer in time")
        except Exception as error:
            log.warning("channels.not_asked", channel_id=str(account.id), error=error_kind(error))
            health = AccountHealth(problem=f"the provider could not be asked: {type(error).__name__}")
        async with self.context.database.transaction() as connection:
            await note_health(connection, account, health)
        return health

    async def apply_overtaken(self) -> bool:
        """Apply what was told of a message while that was being written."""
        if not await accounts_of_channels(self.context):
            return False
        async with self.context.database.transaction() as connection:
            return await apply_overtaken(connection, limit=_OVERTAKEN_MAX) == _OVERTAKEN_MAX


def _asked(part: DuePart) -> MessagePart:
    return MessagePart(
        kind=PartKind(part.kind),
        source=part.source,
        mime=part.mime,
        name=part.name,
        size=part.bytes,
        sha256=part.sha256,
        data=part.data,
    )


def _other_content(announced: str, content: bytes) -> bool:
    """Tell whether the checksum is another; providers write it in hexadecimal or in base64."""
    digest = sha256(content)
    if len(announced) == 64:
        return announced.lower() != digest.hexdigest()
    return announced != b64encode(digest.digest()).decode()
