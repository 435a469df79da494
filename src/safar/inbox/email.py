"""Incoming mail becomes messages: by what it answers, else by who sent it; nothing is lost on the way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from safar.channels.actions import bounce_many, keep_envelopes
from safar.channels.inbound_mail import InboundMail
from safar.channels.model import EMAIL
from safar.customers.actions import finals
from safar.inbox.model import Inbound
from safar.inbox.receive import QUERIES, receive_many
from safar.kernel.context import Context
from safar.kernel.database import CONNECTION_LOST, Connection, rows
from safar.kernel.errors import Interrupted, Overloaded
from safar.kernel.ids import derived_id
from safar.kernel.log import log

LANGUAGE_UNKNOWN = "en"


@dataclass(frozen=True, slots=True)
class _Sent:
    id: UUID
    customer_id: UUID
    conversation_id: UUID | None
    campaign_id: UUID | None
    address: str
    language: str


@dataclass(frozen=True, slots=True)
class _Owner:
    value: str
    customer_id: UUID


async def deliver(context: Context, mail: InboundMail) -> None:
    """Commit one mail, together with those that arrive at the same time: what the listener waits for.

    A mail that cannot be taken as a message, whatever the reason, is kept raw with the reason and shown to
    staff. Raises only when nothing could be kept (no database): the sender's server then tries again.
    """
    try:
        await context.batched(deliver_many, mail)
    except (Overloaded, Interrupted, *CONNECTION_LOST):
        raise
    except Exception as error:
        log.error("mail_in.kept_raw", envelope_id=str(mail.envelope_id), error=type(error).__name__)
        await context.batched(deliver_many, replace(mail, error=f"not taken: {type(error).__name__}"))


async def deliver_many(connection: Connection, mails: Sequence[InboundMail]) -> list[None]:
    """Keep the envelopes and take the readable ones in as messages; idempotent by their ids."""
    mails_by_id = {mail.envelope_id: mail for mail in mails}
    ours = await _sent(connection, mails)
    bounces = [mail for mail in mails_by_id.values() if mail.error is None and mail.bounce is not None]
    known = {mail.envelope_id for mail in bounces if mail.bounce and mail.bounce.message_id in ours}
    errors = {
        mail.envelope_id: mail.error or _lost_bounce(mail, known) for mail in mails_by_id.values()
    }  # fmt: skip
    envelopes = [(mail.envelope_id, mail.raw, errors[mail.envelope_id]) for mail in mails_by_id.values()]
    await keep_envelopes(connection, sorted(envelopes, key=lambda kept: kept[0]))
    readable = [m for m in mails_by_id.values() if m.error is None and m.bounce is None]
    if readable:
        owners = await _owners(connection, readable)
        await receive_many(connection, [_inbound(mail, ours, owners) for mail in readable])
    reports = [mail.bounce for mail in bounces if mail.bounce is not None and mail.envelope_id in known]
    await bounce_many(
        connection,
        [
            {
                "message_id": report.message_id,
                "reason": f"returned by the receiving side ({report.status})",
                "code": f"bounced_{report.status}",
            }
            for report in reports
        ],
    )
    return [None] * len(mails)


def _lost_bounce(mail: InboundMail, known: set[UUID]) -> str | None:
    if mail.bounce is None or mail.envelope_id in known:
        return None
    return "a delivery report about no mail of ours"


async def _sent(connection: Connection, mails: Sequence[InboundMail]) -> dict[UUID, _Sent]:
    """Return the mails of ours that these refer to."""
    ids = {id_ for mail in mails for id_ in mail.references[-20:]}
    ids |= {mail.bounce.message_id for mail in mails if mail.bounce is not None}
    if not ids:
        return {}
    found = await rows(_Sent, connection, QUERIES["sent_messages"], {"ids": list(ids)})
    leads = await finals(connection, [sent.customer_id for sent in found])
    return {sent.id: replace(sent, customer_id=leads[sent.customer_id]) for sent in found}


async def _owners(connection: Connection, mails: Sequence[InboundMail]) -> dict[str, UUID]:
    addresses = list({mail.address for mail in mails})
    found = await rows(_Owner, connection, QUERIES["address_owners"], {"addresses": addresses})
    leads = await finals(connection, [owner.customer_id for owner in found])
    return {owner.value: leads[owner.customer_id] for owner in found}


def _inbound(mail: InboundMail, ours: Mapping[UUID, _Sent], owners: Mapping[str, UUID]) -> Inbound:
    """Decide whose message this is.

    An address that is somebody's is theirs, even when it answers a mail to somebody else (forwarded mails).
    An unknown address that answers our mail joins that conversation, but is not trusted: no live data goes
    there without a person having looked. Any other unknown address is a new customer.
    """
    answered = next((ours[id_] for id_ in reversed(mail.references) if id_ in ours), None)
    owner = owners.get(mail.address)
    joins = answered is not None and owner in (None, answered.customer_id)
    return Inbound(
        message_id=derived_id("message", EMAIL, mail.external_id),
        channel_id=EMAIL,
        external_id=mail.external_id,
        customer_id=owner or (answered.customer_id if answered else None),
        identity_kind="email",
        identity_value=mail.address,
        name=mail.name,
        address=mail.address,
        subject=mail.subject,
        text=mail.text,
        language=answered.language if answered else LANGUAGE_UNKNOWN,
        campaign_id=answered.campaign_id if answered and joins else None,
        automatic=mail.automatic,
        trusted=owner is not None or answered is None,
    )
