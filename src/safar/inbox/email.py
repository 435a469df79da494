"""Incoming mail becomes messages: by what it answers, else by who sent it; nothing is lost on the way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from safar.channels.actions import bounce_many, keep_envelopes
from safar.channels.authentication import is_authenticated
from safar.channels.inbound_mail import InboundMail
from safar.channels.mail_parts import parts_of_mail
from safar.channels.model import EMAIL
from safar.channels.parts import keep_parts
from safar.channels.returns import returned_message
from safar.customers.actions import Proof, customer_of_address, finals
from safar.inbox.mail_decide import Answered, inbound_of, proves, writer_of
from safar.inbox.model import Inbound
from safar.inbox.receive import QUERIES, receive_messages_many
from safar.kernel.context import Context
from safar.kernel.database import CONNECTION_LOST, Connection, as_json, rows
from safar.kernel.errors import Interrupted, Overloaded
from safar.kernel.log import log
from safar.orders.ownership import take_proof


@dataclass(frozen=True, slots=True)
class _Owner:
    value: str
    customer_id: UUID


async def deliver(context: Context, mail: InboundMail) -> None:
    """Commit one mail, together with those that arrive at the same time: what the listener waits for.

    A mail that cannot be taken as a message, whatever the reason, is kept raw with the reason and shown to
    staff. Raises only when nothing could be kept (no database): the sender's server then tries again.
    """
    mail = _judged(context, mail)
    try:
        await context.batched(deliver_mail_many, mail)
    except (Overloaded, Interrupted, *CONNECTION_LOST):
        raise
    except Exception as error:
        log.error("mail_in.kept_raw", envelope_id=str(mail.envelope_id), error=type(error).__name__)
        await context.batched(deliver_mail_many, replace(mail, error=f"not taken: {type(error).__name__}"))


def _judged(context: Context, mail: InboundMail) -> InboundMail:
    """Return the mail with what our own mail server and our own seal say of it."""
    trusted = context.settings.mail_authserv_id if mail.authserv_id is None else mail.authserv_id
    verified = mail.one_sender and is_authenticated(mail.results, trusted, mail.address)
    seals = mail.bounce.seals if mail.bounce else ()
    returned = returned_message(context.vault, mail.recipients, seals)
    return replace(mail, verified=verified, returned=returned)


async def deliver_mail_many(connection: Connection, mails: Sequence[InboundMail]) -> list[None]:
    """Keep the envelopes and take the readable ones in as messages; idempotent by their ids."""
    mails_by_id = {mail.envelope_id: mail for mail in mails}
    ours = await _sent(connection, mails)
    bounces = [mail for mail in mails_by_id.values() if mail.error is None and mail.bounce is not None]
    known = {mail.envelope_id for mail in bounces if mail.returned is not None}
    errors = {mail.envelope_id: mail.error or _lost_bounce(mail, known) for mail in mails_by_id.values()}
    envelopes = [(mail.envelope_id, mail.raw, errors[mail.envelope_id]) for mail in mails_by_id.values()]
    await keep_envelopes(connection, sorted(envelopes, key=lambda kept: kept[0]))
    readable = [m for m in mails_by_id.values() if m.error is None and m.bounce is None]
    if readable:
        owners = await _owners(connection, readable)
        inbound = [await _inbound(connection, mail, ours, owners) for mail in readable]
        receipts = await receive_messages_many(connection, inbound)
        parts = {
            (EMAIL, receipt.message_id): parts_of_mail(mail)
            for mail, receipt in zip(readable, receipts, strict=True)
            if receipt.new and mail.files
        }
        await keep_parts(connection, parts)
    await bounce_many(connection, [_report(mail) for mail in bounces if _fails(mail)])
    return [None] * len(mails)


def _fails(mail: InboundMail) -> bool:
    return mail.bounce is not None and mail.bounce.failed and mail.returned is not None


def _report(mail: InboundMail) -> dict[str, object]:
    assert mail.bounce is not None
    return {
        "message_id": mail.returned,
        "reason": f"returned by the receiving side ({mail.bounce.status})",
        "code": f"bounced_{mail.bounce.status}",
    }


def _lost_bounce(mail: InboundMail, known: set[UUID]) -> str | None:
    """Return why a report is only kept; one that a mail is late, or has arrived, asks nobody for anything."""
    if mail.bounce is None or mail.envelope_id in known or not mail.bounce.failed:
        return None
    return "a delivery report that nothing proves: it came to no return address of ours"


async def _sent(connection: Connection, mails: Sequence[InboundMail]) -> dict[UUID, Answered]:
    """Return the mails of ours that these refer to."""
    ids = {id_ for mail in mails for id_ in mail.references[-20:]}
    if not ids:
        return {}
    answered_messages = await rows(Answered, connection, QUERIES["sent_messages"], {"ids": list(ids)})
    leads = await finals(connection, [sent.customer_id for sent in answered_messages])
    return {sent.id: replace(sent, customer_id=leads[sent.customer_id]) for sent in answered_messages}


async def _owners(connection: Connection, mails: Sequence[InboundMail]) -> dict[str, UUID]:
    addresses = [
        {"value": address, "own_id": customer_of_address("email", address)}
        for address in {mail.address for mail in mails}
    ]
    owners = await rows(_Owner, connection, QUERIES["address_owners"], {"addresses": as_json(addresses)})
    leads = await finals(connection, [owner.customer_id for owner in owners])
    return {owner.value: leads[owner.customer_id] for owner in owners}


async def _inbound(
    connection: Connection, mail: InboundMail, ours: Mapping[UUID, Answered], owners: Mapping[str, UUID]
) -> Inbound:
    """Return the message, with the address proven first if this mail is what came back from it."""
    answered = next((ours[id_] for id_ in reversed(mail.references) if id_ in ours), None)
    writer = writer_of(mail, known=mail.address in owners, answers=answered is not None)
    owner = owners.get(writer.address)
    if answered is not None and proves(writer, answered):
        proof = Proof(
            claimant=answered.customer_id, kind="email", value=writer.address, language=answered.language
        )
        owner = await take_proof(connection, proof)
    return inbound_of(mail, writer, answered, owner)
