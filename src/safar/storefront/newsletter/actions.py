"""Signing up for e-mails about offers: nothing is sent to an address before its mailbox has said yes.

A mail carries a link to a page with a button. Opening the link does nothing, so no scanner of mails signs
anybody up. What is asked is answered alike whoever's the address is: it tells nobody who is subscribed.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from safar.channels.actions import queue_many
from safar.customers.actions import AddressClaim, Consent, Proof, claim_addresses_many, consent_many, finals
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Connection, execute, row, value
from safar.kernel.queries import queries_beside
from safar.orders.ownership import take_proof
from safar.owner.reading import shop_with
from safar.storefront.errors import TooManyFromNetwork, UnknownSignUp
from safar.storefront.newsletter.mail import sign_up_mail
from safar.storefront.newsletter.model import NewsletterRequest, SignUp
from safar.storefront.strangers import may_cause_mail

QUERIES = queries_beside(__file__)
PURPOSE = "newsletter"
_MAILS_A_DAY_MAX = 3
_KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class _Mailbox:
    own: bool
    subscribed: bool
    asked: int


async def sign_up(context: Context, connection: Connection, asked: SignUp) -> str:
    """Take a wish for e-mails; return "confirmed" for the proven address of this browser, else "asked".

    A mail asks an address that is not, three times a day at most. Writes consent.given when it is proven.
    Raises TooManyFromNetwork.
    """
    now = clock.now()
    lead = (await finals(connection, [asked.customer_id])).get(asked.customer_id, asked.customer_id)
    params = {"email": asked.email, "customer_id": lead, "since": now - timedelta(days=1)}
    mailbox = await row(_Mailbox, connection, QUERIES["mailbox"], params)
    assert mailbox is not None
    if mailbox.own:
        proof = {"address": asked.email, "wording": asked.wording, "asked_at": now.isoformat()}
        await consent_many(connection, [Consent(lead, "email", True, asked.source, proof)])
        return "confirmed"
    if mailbox.subscribed or mailbox.asked >= _MAILS_A_DAY_MAX:
        return "asked"
    if not may_cause_mail(context, asked.network):
        raise TooManyFromNetwork
    claim = AddressClaim(
        customer_id=lead, kind="email", value=asked.email, language=asked.language, source=PURPOSE
    )
    (customer_id,) = await claim_addresses_many(connection, [claim])
    record = {
        "id": asked.key,
        "customer_id": customer_id,
        "email": asked.email,
        "language": asked.language,
        "source": asked.source,
        "wording": asked.wording,
        "now": now,
    }
    if await value(connection, QUERIES["write"], record) is not None:
        link = f"{context.settings.public_url}/newsletter/{context.vault.sign(PURPOSE, asked.key.hex)}"
        shop = await shop_with(connection)
        request = await find_sign_up(connection, asked.key)
        await queue_many(connection, [sign_up_mail(request, shop.name, link)])
    return "asked"


async def find_sign_up(connection: Connection, request_id: UUID) -> NewsletterRequest:
    """Return a sign-up as it stands. Raises UnknownSignUp."""
    request = await row(NewsletterRequest, connection, QUERIES["request"], {"id": request_id})
    if request is None:
        raise UnknownSignUp
    return request


async def confirm_sign_up(connection: Connection, request_id: UUID, *, browser: UUID) -> NewsletterRequest:
    """Subscribe whoever reads the mailbox: the button on the page of the link was pressed, in `browser`.

    Again it changes nothing. Writes consent.given. Raises UnknownSignUp.
    """
    now = clock.now()
    ended = {"id": request_id, "state": "confirmed", "now": now}
    first = await value(connection, QUERIES["end"], ended) is not None
    asked = await find_sign_up(connection, request_id)
    if not first:
        return asked
    owner_id = await take_proof(
        connection,
        Proof(
            claimant=asked.customer_id,
            kind="email",
            value=asked.email,
            language=asked.language,
            browser=browser,
        ),
    )
    proof = {
        "address": asked.email,
        "wording": asked.wording,
        "asked_at": asked.asked_at.isoformat(),
        "confirmed_at": now.isoformat(),
    }
    await consent_many(connection, [Consent(owner_id, "email", True, asked.source, proof)])
    return asked


async def decline_sign_up(connection: Connection, request_id: UUID) -> NewsletterRequest:
    """Note that the mailbox does not want it. Raises UnknownSignUp."""
    await execute(connection, QUERIES["end"], {"id": request_id, "state": "declined", "now": clock.now()})
    return await find_sign_up(connection, request_id)


async def forget_old_sign_ups(connection: Connection) -> int:
    """Forget sign-ups a week after they were asked or answered; return how many."""
    return await execute(connection, QUERIES["forget"], {"before": clock.now() - _KEPT})
