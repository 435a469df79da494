"""The bot: answers what it is sure of from live data, hands everything else over with the reason."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote
from uuid import UUID

from safar.answers.addresses import note_addresses, reached_by_mail, say
from safar.answers.catalogue import Catalogue
from safar.answers.decide import understand
from safar.answers.facts import (
    QUERIES,
    Titles,
    orders_shown_to,
    product_in_mind,
    shelf,
)
from safar.answers.limits import DAY, Spoken, within_limits
from safar.answers.model import Answer, Intent, Question, Understood
from safar.answers.texts import (
    greeting_text,
    handed_over_text,
    kind_text,
    open_text,
    order_text,
    product_stock_text,
    thanks_text,
)
from safar.channels.model import EMAIL, WEB, Author
from safar.channels.quotes import is_answer_subject
from safar.inbox.actions import hand_over_many, lock_conversations, reply_many
from safar.inbox.model import HandOver, Reply, ReplyOutcome
from safar.journal.actions import append_many
from safar.journal.model import Event, Recorded
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, rows
from safar.kernel.hours import away_until
from safar.kernel.i18n import speaking
from safar.orders.model import Order
from safar.owner.model import Shop
from safar.owner.reading import shop_with
from safar.returns.reading import progress_of
from safar.settings import Settings

# What it answers while a question waits for a person; courtesies would only get between the two.
_SURE = frozenset({Intent.IN_STOCK, Intent.ORDER_STATUS, Intent.OPENING_HOURS})


class Bot:
    """Reads questions from the journal; the answers commit together with its position there."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._titles = Titles()

    async def take(self, connection: Connection, events: Sequence[Recorded]) -> None:
        """Answer the questions of these events (message.received), each once."""
        questions = await _questions(connection, events)
        noted = await note_addresses(connection, questions)
        answers = [
            await self.answer(connection, question) for question in questions if question.id not in noted
        ]
        answers = [answer for answer in answers if not _is_thanks_by_mail(answer)]
        if answers:
            await self._give(connection, _until_handed_over(answers))

    async def answer(self, connection: Connection, question: Question) -> Answer:
        """Decide what to say, without saying it."""
        if not question.trusted:
            return Answer(question, Intent.UNKNOWN, reason=question.distrust)
        understood = _understood(question, await self._titles.current(connection))
        with speaking(question.language):
            text, reason = await self._text(connection, question, understood)
        return Answer(question, understood.intent, text, reason)

    def _zone(self, shop: Shop) -> str:
        return shop.timezone or self._settings.timezone

    async def _text(
        self, connection: Connection, question: Question, understood: Understood
    ) -> tuple[str | None, str | None]:
        match understood.intent:
            case Intent.IN_STOCK:
                return await self._about_stock(connection, question, understood)
            case Intent.ORDER_STATUS:
                return await _about_order(connection, question, understood)
            case Intent.OPENING_HOURS:
                shop = await shop_with(connection)
                return open_text(shop.opening_hours, self._zone(shop)), None
            case Intent.GREETING:
                return (None, "not_understood") if question.channel_id == EMAIL else (greeting_text(), None)
            case Intent.THANKS:
                return thanks_text(), None
            case Intent.HUMAN:
                return None, "asks_for_person"
        return None, understood.reason or "not_understood"

    async def _about_stock(
        self, connection: Connection, question: Question, understood: Understood
    ) -> tuple[str | None, str | None]:
        """Tell of the product that was named, of goods of the kind that was named, or of "this"."""
        if understood.ambiguous:
            return None, "which_product"
        if understood.mention is None and understood.kind is not None:
            link = f"{self._settings.public_url}/search?q={quote(understood.kind)}"
            found = understood.titles
            return (kind_text(understood.kind, found, link), None) if found else (None, "which_product")
        variant_id: UUID | None = understood.mention.variant_id if understood.mention else None
        if variant_id is None:
            variant_id = await product_in_mind(connection, question.customer_id, question.campaign_id)
        found_there = await shelf(connection, variant_id, question.campaign_id) if variant_id else None
        return (product_stock_text(found_there), None) if found_there else (None, "which_product")

    async def _give(self, connection: Connection, answers: Sequence[Answer]) -> None:
        """Say and hand over, under the locks of all conversations at once."""
        conversations = await lock_conversations(
            connection, [answer.question.conversation_id for answer in answers]
        )
        with_staff = {id_ for id_, conversation in conversations.items() if conversation.with_staff}
        answers = [
            answer
            for answer in answers
            if answer.question.conversation_id not in with_staff or answer.intent in _SURE
        ]
        answers = within_limits(answers, await _spoken(connection, answers), clock.now())
        spoken = [answer for answer in answers if answer.text is not None]
        unanswered = [answer for answer in answers if answer.text is None]
        said = await reply_many(connection, [_reply(answer) for answer in spoken])
        given = [answer for answer, how in zip(spoken, said, strict=True) if how is ReplyOutcome.SENT]
        requests = [HandOver(a.question.conversation_id, a.reason or "not_understood") for a in unanswered]
        changed = await hand_over_many(connection, requests)
        handed = [answer for answer, new in zip(unanswered, changed, strict=True) if new]
        reached = await reached_by_mail(connection, [answer.question for answer in handed])
        shop = await shop_with(connection)
        notices = [self._notice(one, shop, known=one.question.customer_id in reached) for one in handed]
        await reply_many(connection, notices)
        told = [_event("answer.given", answer, {"intent": answer.intent.value}) for answer in given]
        told += [_event("answer.none", answer, {"reason": answer.reason}) for answer in handed]
        await append_many(connection, told)

    def _notice(self, answer: Answer, shop: Shop, *, known: bool) -> Reply:
        """Tell the customer that a person will answer: by the shop, since it answers nothing.

        `known`: there is an address to which the answer can go when the customer has left the page.
        """
        question = answer.question
        back_at = away_until(clock.now(), shop.opening_hours, self._zone(shop), shop.closed_days)
        with speaking(question.language):
            ask = question.channel_id == WEB and not known
            text = handed_over_text(back_at, ask_email=ask)
        return say(question, text, Author.SHOP)


async def _questions(connection: Connection, events: Sequence[Recorded]) -> list[Question]:
    """Return what people asked, in order; what machines wrote is not answered."""
    asked = {
        UUID(event.properties["message_id"]): event
        for event in events
        if event.properties.get("author") == Author.CUSTOMER
        and not event.properties.get("automatic")
        and not event.properties.get("for_people")
    }
    found = await rows(_Row, connection, QUERIES["questions"], {"ids": list(asked)})
    by_id = {row.id: row for row in found}
    return [
        Question(
            row.id,
            row.conversation_id,
            row.customer_id,
            row.channel_id,
            row.address,
            row.body,
            row.language,
            row.campaign_id,
            trusted=event.properties.get("trusted", True),
            verified=event.properties.get("verified", True),
            subject=row.subject,
        )
        for id_, event in asked.items()
        if (row := by_id.get(id_)) is not None
    ]


@dataclass(frozen=True, slots=True)
class _Row:
    id: UUID
    conversation_id: UUID
    customer_id: UUID
    channel_id: UUID
    address: str
    subject: str | None
    body: str
    language: str
    campaign_id: UUID | None


def _understood(question: Question, titles: Catalogue) -> Understood:
    """Understand a message. In a mail that only greets or thanks, the subject says what is wanted."""
    understood = understand(question.body, titles)
    courtesy = understood.intent in (Intent.GREETING, Intent.THANKS)
    if not courtesy or not question.subject or is_answer_subject(question.subject):
        return understood
    return understand(f"{question.subject}\n{question.body}", titles)


def _is_thanks_by_mail(answer: Answer) -> bool:
    """Tell whether nothing is to be done: two machines that thank each other never end."""
    return answer.intent is Intent.THANKS and answer.question.channel_id == EMAIL


async def _spoken(connection: Connection, answers: Sequence[Answer]) -> list[Spoken]:
    """Return what the bot said at these addresses within a day, and what came from them before."""
    questions = [answer.question for answer in answers]
    places = [
        {"channel_id": question.channel_id, "address": question.address, "question_id": question.id}
        for question in questions
    ]
    params = {"places": as_json(places), "since": clock.now() - DAY}
    return await rows(Spoken, connection, QUERIES["spoken"], params)


def _until_handed_over(answers: Iterable[Answer]) -> list[Answer]:
    """Leave out what a customer asked after the question that goes to a person: the person answers it."""
    handed: set[UUID] = set()
    kept: list[Answer] = []
    for answer in answers:
        if answer.question.conversation_id not in handed:
            kept.append(answer)
        if answer.text is None:
            handed.add(answer.question.conversation_id)
    return kept


async def _about_order(
    connection: Connection, question: Question, understood: Understood
) -> tuple[str | None, str | None]:
    """Tell of an order that whoever asks has shown to be theirs: numbers can be guessed, names typed."""
    shown = await orders_shown_to(connection, question.channel_id, question.address)
    if understood.order_number is not None:
        order = next((one for one in shown if one.number == understood.order_number), None)
        return (await _order_text(connection, order), None) if order else (None, "other_order")
    return (await _order_text(connection, shown[0]), None) if shown else (None, "no_order")


async def _order_text(connection: Connection, order: Order) -> str:
    progress = (await progress_of(connection, [order.id])).get(order.id)
    return order_text(order, sent_back=progress is not None and progress.is_sent_back)


def _reply(answer: Answer) -> Reply:
    return say(answer.question, answer.text or "", Author.BOT)


def _event(name: str, answer: Answer, properties: dict[str, str | None]) -> Event:
    question = answer.question
    return Event(
        name=name,
        customer_id=question.customer_id,
        campaign_id=question.campaign_id,
        subject_id=question.conversation_id,
        properties={**properties, "message_id": question.id},
    )
