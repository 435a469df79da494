"""What speaks to the providers in one process: one client, and one sender for each account as it is set
up."""

from typing import TYPE_CHECKING
from uuid import UUID

from safar.channels.kinds.port import ChannelAccount, ChannelSender
from safar.channels.registry import KINDS

if TYPE_CHECKING:
    import httpx

_TIMEOUT_S = 10.0


class Senders:
    """The senders of a process; one is made anew when its account was set up anew."""

    def __init__(self) -> None:
        self._client: httpx.AsyncClient | None = None
        self._made: dict[UUID, tuple[ChannelAccount, ChannelSender]] = {}

    async def of(self, account: ChannelAccount) -> ChannelSender:
        """Return what speaks to the provider for this account."""
        known = self._made.get(account.id)
        if known is not None and known[0] == account:
            return known[1]
        if known is not None:
            await known[1].close()
        if self._client is None:
            # Loaded with the first message: 12 MB that an installation without messengers never needs.
            import httpx

            self._client = httpx.AsyncClient(
                timeout=_TIMEOUT_S, follow_redirects=False, limits=httpx.Limits(max_connections=None)
            )
        sender = KINDS[account.kind].sender(account, self._client)
        self._made[account.id] = (account, sender)
        return sender

    async def close(self) -> None:
        """Let go of all connections."""
        made, self._made = list(self._made.values()), {}
        for _account, sender in made:
            await sender.close()
        if self._client is not None:
            await self._client.aclose()
            self._client = None
