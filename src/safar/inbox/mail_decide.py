"""Whose a mail is and in whose thread it belongs, without I/O.

A From header is a claim. What the mail server in front of us has authenticated is the writer's; anything else
is kept apart from the customer whom it names, says so in the thread, and changes nothing of theirs.
"""

from dataclasses import dataclass
from uuid import UUID

from safar.channels.inbound_mail import InboundMail
from safar.channels.model import EMAIL
from safar.customers.actions import customer_of_address
from safar.inbox.model import Inbound
from safar.kernel.ids import derived_id

LANGUAGE_UNKNOWN = "en"
# Senders that nobody reads: what they send was written by whoever stands in Reply-To.
_NOBODY = (
    "noreply", "no-reply", "no_reply", "no.reply", "donotreply", "do-not-reply", "do_not_reply", "nobody",
    "www-data", "wordpress", "apache", "webform", "contact-form", "contactform", "forms@", "form@", "mailer@",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answered:
    """A mail of ours that this one answers."""

    id: UUID
    customer_id: UUID
    conversation_id: UUID | None
    campaign_id: UUID | None
    address: str
    language: str


@dataclass(frozen=True, slots=True)
class Writer:
    """Who wrote a mail, by what can be known. `form`: it was filled into a form somewhere."""

    address: str
    verified: bool
    form: bool = False


def writer_of(mail: InboundMail, *, known: bool, answers: bool) -> Writer:
    """Return the writer: the sender, or whoever a contact form names in Reply-To, of whom nothing is proven.

    `known`: the sender's address is somebody's; `answers`: it answers a mail of ours. Then a person sent it.
    """
    nobody = mail.address.startswith(_NOBODY)
    if mail.reply_to and (nobody or not (known or answers)):
        return Writer(mail.reply_to, False, form=True)
    return Writer(mail.address, mail.verified)


def proves(writer: Writer, answered: Answered) -> bool:
    """Tell whether what we sent to an address came back from it."""
    return writer.verified and writer.address == answered.address.lower()


def inbound_of(mail: InboundMail, writer: Writer, answered: Answered | None, owner: UUID | None) -> Inbound:
    """Return the message. `owner`: who has proven the writer's address."""
    customer_id, own = _thread_of(writer, answered, owner)
    return Inbound(
        message_id=derived_id("message", EMAIL, mail.external_id),
        channel_id=EMAIL,
        external_id=mail.external_id,
        customer_id=customer_id,
        name=mail.name if own else None,
        address=writer.address,
        subject=mail.subject,
        text=mail.text,
        language=answered.language if answered else LANGUAGE_UNKNOWN,
        campaign_id=answered.campaign_id if answered else None,
        automatic=mail.automatic and not writer.form,
        for_people=mail.for_people,
        folded=mail.folded,
        envelope_id=mail.envelope_id,
        verified=writer.verified,
        own=own,
        claims=own and owner != customer_id,
    )


def _thread_of(writer: Writer, answered: Answered | None, owner: UUID | None) -> tuple[UUID, bool]:
    """Return in whose thread it belongs, and whether as their own words.

    An authenticated address that is somebody's is theirs, even when it answers a mail to somebody else
    (forwarded mails). Whoever else answers in a thread joins it as another person. What is not
    authenticated stands by itself, beside the customer whose address it gives.
    """
    if writer.verified and owner is not None:
        return owner, True
    if answered is not None and answered.conversation_id is not None:
        return answered.customer_id, False
    if writer.verified:
        return customer_of_address("email", writer.address), True
    return customer_of_address("unverified email", writer.address), True
