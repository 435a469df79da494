"""What the worker runs for the inbox."""

from collections.abc import Sequence
from uuid import UUID

from safar.channels.email_in import MailListener
from safar.channels.inbound_mail import InboundMail
from safar.channels.kinds.port import Verdict
from safar.channels.server import sender_address
from safar.customers.actions import consent_many
from safar.customers.model import Consent
from safar.inbox.actions import close_quiet, undelivered_many
from safar.inbox.email import deliver
from safar.inbox.handling import wake_due
from safar.inbox.routing import hand_out
from safar.journal.model import Recorded
from safar.journal.subscribe import Subscriber
from safar.kernel.context import Context
from safar.kernel.database import Connection
from safar.kernel.loops import Loop
from safar.owner.reading import known_shop

_QUIET_PERIOD_S = 300.0
_WAKE_PERIOD_S = 10.0
_HAND_OUT_PERIOD_S = 2.0
_LISTEN_AGAIN_S = 5.0


def loops(context: Context) -> list[Loop]:
    """Return the mail listener (unless switched off), and what closes, wakes and hands out."""

    async def close_quiet_step() -> bool:
        return await close_quiet(context.database) > 0

    async def wake_step() -> bool:
        return await wake_due(context.database) > 0

    async def hand_out_step() -> bool:
        return await hand_out(context.database) > 0

    found = [
        Loop("inbox_routing", hand_out_step, _HAND_OUT_PERIOD_S),
        Loop("inbox_quiet", close_quiet_step, _QUIET_PERIOD_S),
        Loop("inbox_snoozed", wake_step, _WAKE_PERIOD_S),
    ]
    if context.settings.mail_in_port:
        found.append(Loop("mail_in", mail_listener(context).run, _LISTEN_AGAIN_S, step_s_max=None))
    return found


def mail_listener(context: Context) -> MailListener:
    """Return the listener that takes incoming mail into the inbox."""

    async def take(mail: InboundMail) -> None:
        await deliver(context, mail)

    return MailListener(context.settings, take, lambda: sender_address(context.settings, known_shop(context)))


def subscribers(_context: Context) -> list[Subscriber]:
    """Return the reader that brings undelivered answers back to staff."""
    return [Subscriber("inbox", ("message.failed",), take_failed)]


async def take_failed(connection: Connection, events: Sequence[Recorded]) -> None:
    """Give conversations whose answer failed to people; who did not want it is not written to again."""
    await undelivered_many(connection, [UUID(event.properties["message_id"]) for event in events])
    refused = [event for event in events if event.properties.get("reason") == Verdict.OPTED_OUT]
    await consent_many(
        connection,
        [
            Consent(
                customer_id=event.customer_id,
                channel=str(event.properties["channel"]),
                given=False,
                source="provider",
                proof={"message": str(event.properties["message_id"])},
            )
            for event in refused
            if event.customer_id is not None
        ],
    )
