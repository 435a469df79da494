"""An e-mail address that a customer writes into the chat: where an answer finds them once they have left.

It is what they say, a claim like any other typed address: it shows them nothing, and staff see it beside the
answer they write.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from safar.answers.model import Question
from safar.answers.texts import address_noted_text
from safar.channels.model import WEB, Author
from safar.customers.actions import AddressClaim, claim_addresses_many, customer_cards
from safar.customers.errors import NotAnAddress
from safar.customers.identify import normalised
from safar.inbox.actions import lock_conversations, reply_many
from safar.inbox.model import Reply
from safar.kernel.database import Connection
from safar.kernel.i18n import speaking
from safar.kernel.ids import derived_id

_AROUND = ".,;:!?()[]<>\"'«»“”،؛؟।"
_WORDS_MAX = 100
_FEW = 6  # words that come with nothing but an address: "my e-mail is …"


def address_in(text: str) -> str | None:
    """Return the one e-mail address in a text; None where there is none, or more than one."""
    found = set()
    for word in text.split(None, _WORDS_MAX)[:_WORDS_MAX]:
        bare = word.strip(_AROUND).removeprefix("mailto:")
        name, at, domain = bare.partition("@")
        if not (at and name and bare.isprintable() and "." in domain.strip(".") and "@" not in domain):
            continue
        try:
            found.add(normalised("email", bare))
        except NotAnAddress:
            continue
    return found.pop() if len(found) == 1 else None


async def note_addresses(connection: Connection, questions: Sequence[Question]) -> set[UUID]:
    """Keep the addresses that customers write into the chat while people are to answer them, and say so.

    Returns the questions that were no more than that.
    """
    said = {
        question.id: (question, email)
        for question in questions
        if question.channel_id == WEB and (email := address_in(question.body)) is not None
    }
    if not said:
        return set()
    conversations = await lock_conversations(
        connection, [one.conversation_id for one, _email in said.values()]
    )
    waiting = [
        (one, email)
        for one, email in said.values()
        if (found := conversations.get(one.conversation_id)) is not None and found.with_staff
    ]
    claims = [
        AddressClaim(
            customer_id=one.customer_id, kind="email", value=email, language=one.language, source="chat"
        )
        for one, email in waiting
    ]
    await claim_addresses_many(connection, claims)
    replies = []
    for one, email in waiting:
        with speaking(one.language):
            replies.append(say(one, address_noted_text(email), Author.SHOP))
    await reply_many(connection, replies)
    return {one.id for one, _email in waiting if len(one.body.split()) <= _FEW}


async def reached_by_mail(connection: Connection, questions: Iterable[Question]) -> set[UUID]:
    """Return the customers of these questions who have an e-mail address, or have said one."""
    found = await customer_cards(connection, {question.customer_id for question in questions})
    return {id_ for id_, card in found.items() if card.email or card.said}


def say(question: Question, text: str, author: Author) -> Reply:
    """Return what is said in answer to a question, there where it was asked."""
    return Reply(
        conversation_id=question.conversation_id,
        text=text,
        author=author.value,
        message_id=derived_id("answer", question.id, author.value),
        channel_id=question.channel_id,
        address=question.address,
        language=question.language,
    )
