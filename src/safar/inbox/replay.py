"""Posts that could not be read are read again when that is mended: what they say is taken in then."""

from dataclasses import dataclass
from uuid import UUID

from safar.channels.accounts import load_accounts
from safar.channels.actions import note_envelope_read
from safar.channels.kinds.port import NotUnderstood, Post
from safar.channels.registry import KINDS
from safar.inbox.errors import NoPost
from safar.inbox.receive import QUERIES
from safar.inbox.take_in import take_in_again
from safar.inbox.webhooks import read_post
from safar.kernel.context import Context
from safar.kernel.database import row


@dataclass(frozen=True, slots=True)
class _Envelope:
    channel_id: UUID
    body: bytes
    content_type: str


async def read_again(context: Context, envelope_id: UUID) -> int:
    """Read a kept post once more; return how many messages were new. Raises NoPost.

    What it said before stays as it is; what is still not understood stays with the reason.
    """
    async with context.database.transaction() as connection:
        kept = await row(_Envelope, connection, QUERIES["kept_post"], {"id": envelope_id})
        accounts = {account.id: account for account in await load_accounts(context, connection)}
        account = accounts.get(kept.channel_id) if kept else None
        if kept is None or account is None:
            raise NoPost
        post = Post(body=bytes(kept.body), headers={"content-type": kept.content_type})
        read = read_post(account, KINDS[account.kind], post)
        (new,) = await take_in_again(connection, [read])
        strange = [element.reason for element in read.happened if isinstance(element, NotUnderstood)]
        error = read.error or "; ".join(dict.fromkeys(strange)) or None
        await note_envelope_read(connection, envelope_id, error)
    return new
