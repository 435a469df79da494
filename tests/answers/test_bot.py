"""The bot at work on a real shop: live figures, the customer's language, and a person when it is not sure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from safar.answers.actions import Bot
from safar.answers.addresses import address_in
from safar.answers.jobs import subscribers
from safar.catalogue.actions import import_products, variant_id_of
from safar.channels.actions import ensure_channels
from safar.channels.model import EMAIL
from safar.inbox.actions import assign, reply_addresses
from safar.inbox.model import Inbound, MessageReceipt
from safar.journal.actions import append_many, read_events
from safar.journal.line import LineKeeper
from safar.journal.model import Event
from safar.journal.subscribe import register
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.ids import new_id
from safar.orders.model import OrderRequest, Taken
from safar.orders.place import buy_many
from safar.stock import actions as stock
from safar.stock.model import MAIN, StockReceipt, Transfer, allocation_of
from tests.stage.buyers import anybody
from tests.stage.channels import events
from tests.stage.inbox import conversation, mail, receive, web
from tests.stage.people import staff_member
from tests.stage.shop import Item

MUG, CLOCK = variant_id_of("MUG1"), variant_id_of("CLOCK1")


@pytest.fixture
async def shop(context: Context) -> Context:
    """Seven mugs and no clock."""
    async with context.database.transaction() as connection:
        await ensure_channels(connection)
        await stock.ensure_locations(connection)
        await import_products(
            connection, [Item("MUG1", "Retrospot mug"), Item("CLOCK1", "Alarm clock green")]
        )
        await stock.receive_stock_many(
            connection,
            [StockReceipt(move_id=new_id(), variant_id=MUG, location_id=MAIN, quantity=7, reason="delivery")],
        )
    return context


async def ask(context: Context, *questions: Inbound) -> list[MessageReceipt]:
    """Let customers write and the bot read it."""
    receipts = await receive(context, *questions)
    await answered(context, receipts)
    return receipts


async def answered(context: Context, receipts: Sequence[MessageReceipt]) -> None:
    async with context.database.transaction() as connection:
        found = await read_events(connection, after=0, until=10**9, limit=500, names=["message.received"])
        ids = {str(receipt.message_id) for receipt in receipts}
        asked = [event for event in found if event.properties["message_id"] in ids]
        await Bot(context.settings).take(connection, asked)


async def said(context: Context, conversation_id: UUID) -> list[tuple[str, str]]:
    """Return author and text of what we said, in order."""
    async with context.database.connection() as connection:
        found = await connection.execute(
            "SELECT author, body FROM messages WHERE conversation_id = %s AND direction = 'out'"
            " ORDER BY at, id",
            [conversation_id],
        )
        return [(author, body) for author, body in await found.fetchall()]


async def looked(context: Context, customer_id: UUID, variant_id: UUID) -> None:
    async with context.database.transaction() as connection:
        event = Event(
            name="product.viewed", customer_id=customer_id, properties={"variant_id": variant_id, "sku": "x"}
        )
        await append_many(connection, [event])


async def ordered(context: Context, email: str = "ana@example.com") -> Taken:
    request = OrderRequest(
        **anybody(),
        order_id=new_id(),
        customer_id=new_id(),
        campaign_id=None,
        cart_id=None,
        lines=((MUG, 2),),
        email=email,
        name="Ana",
        address="Rua 1",
        language="en",
        provider="cod",
    )
    async with context.database.transaction() as connection:
        (taken,) = await buy_many(connection, [request])
    assert isinstance(taken, Taken)
    return taken


async def test_stock_is_told_as_it_is_now(shop: Context) -> None:
    visitor = new_id()
    (receipt,) = await ask(shop, web("Do you have the retrospot mug?", visitor=visitor))
    await ordered(shop)
    await ask(shop, web("How many retrospot mugs are left?", visitor=visitor))
    await ask(shop, web("And is the alarm clock green in stock?", visitor=visitor))
    assert await said(shop, receipt.conversation_id) == [
        ("bot", "Yes, “Retrospot mug” is in stock: 7 are left."),
        ("bot", "Yes, “Retrospot mug” is in stock: 5 are left."),
        ("bot", "Sorry, “Alarm clock green” is sold out right now."),
    ]
    given = await events(shop, "answer.given")
    assert [event["intent"] for event in given] == ["in_stock"] * 3
    assert (await conversation(shop, receipt.conversation_id)).waiting_since is None


async def test_what_is_not_published_is_not_told_of(shop: Context) -> None:
    visitor = new_id()
    await looked(shop, visitor, MUG)
    async with shop.database.transaction() as connection:
        await connection.execute("UPDATE variants SET published = false WHERE id = %s", [MUG])
        await connection.execute(
            "UPDATE products SET published = false FROM variants AS v WHERE v.product_id = products.id"
            " AND v.id = %s",
            [CLOCK],
        )
    for question in (
        "Do you have the retrospot mug?",
        "Is the alarm clock green in stock?",
        "Is this in stock?",
    ):
        (receipt,) = await ask(shop, web(question, visitor=visitor if "this" in question else new_id()))
        texts = " ".join(text for _author, text in await said(shop, receipt.conversation_id))
        assert "left" not in texts, question
        assert "sold out" not in texts, question
    assert not await events(shop, "answer.given")


async def test_this_is_what_the_customer_looked_at_last_or_what_the_campaign_offers(shop: Context) -> None:
    visitor, campaign = new_id(), new_id()
    await looked(shop, visitor, CLOCK)
    (receipt,) = await ask(shop, web("موجوده؟", visitor=visitor))
    ((author, text),) = await said(shop, receipt.conversation_id)
    assert author == "bot"
    assert "Alarm clock green" in text
    async with shop.database.transaction() as connection:
        await stock.open_allocation(connection, campaign, "Mugs")
        await stock.transfer_many(
            connection,
            [
                Transfer(
                    move_id=new_id(),
                    variant_id=MUG,
                    from_location_id=MAIN,
                    to_location_id=allocation_of(campaign),
                    quantity=3,
                    reason="campaign",
                )
            ],
        )
    (offered,) = await ask(shop, web("Is it still available?", campaign_id=campaign))
    assert await said(shop, offered.conversation_id) == [
        ("bot", "Yes, “Retrospot mug” is in stock: 7 are left.")
    ]
    (nothing,) = await ask(shop, web("Is it still available?"))
    assert (await conversation(shop, nothing.conversation_id)).handover_reason == "which_product"


async def test_an_order_is_told_to_its_own_customer_only(shop: Context) -> None:
    taken = await ordered(shop)
    (own,) = await ask(shop, mail("Where is my order?"))
    assert await said(shop, own.conversation_id) == [
        ("bot", f"Your order {taken.number} is confirmed and we are packing it.")
    ]
    (other,) = await ask(shop, mail(f"Where is order {taken.number}?", address="eve@example.com"))
    ((author, text),) = await said(shop, other.conversation_id)
    assert author == "shop"
    assert str(taken.number) not in text
    assert (await conversation(shop, other.conversation_id)).handover_reason == "other_order"
    (spoofed,) = await ask(
        shop,
        replace(
            mail("Where is my order?", address="eve@elsewhere.example"),
            customer_id=(await conversation(shop, own.conversation_id)).customer_id,
            own=False,
            claims=False,
        ),
    )
    assert (await conversation(shop, spoofed.conversation_id)).handover_reason == "unknown_address"
    assert len(await said(shop, spoofed.conversation_id)) == 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("I want to talk to a person", "asks_for_person"),
        ("Please cancel my order", "about_order"),
        ("Can you wrap it in gold foil?", "not_understood"),
        ("Where is my order?", "no_order"),
    ],
)
async def test_what_the_bot_cannot_answer_goes_to_a_person_with_the_reason(
    shop: Context, text: str, reason: str
) -> None:
    (receipt,) = await ask(shop, web(text))
    found = await conversation(shop, receipt.conversation_id)
    assert (found.with_staff, found.handover_reason) == (True, reason)
    assert found.waiting_since is not None, "a notice is no answer: the customer still waits"
    ((author, notice),) = await said(shop, receipt.conversation_id)
    assert author == "shop"
    assert (
        "A colleague will reply to you here" in notice or "a colleague will reply to you here then" in notice
    )
    assert [event["reason"] for event in await events(shop, "answer.none")] == [reason]
    await ask(shop, web("Hello?", visitor=found.customer_id))
    assert len(await said(shop, receipt.conversation_id)) == 1, "silent from then on"


@pytest.mark.finding("customer-side-6")
async def test_while_a_question_waits_for_a_person_the_bot_answers_what_it_is_sure_of(shop: Context) -> None:
    visitor = new_id()
    (receipt,) = await ask(shop, web("Can you wrap it in gold foil?", visitor=visitor))
    since = (await conversation(shop, receipt.conversation_id)).waiting_since
    await ask(shop, web("When are you open?", visitor=visitor))
    assert [author for author, _text in await said(shop, receipt.conversation_id)] == ["shop", "bot"]
    found = await conversation(shop, receipt.conversation_id)
    assert (found.with_staff, found.waiting_since) == (True, since), "the first question still waits"
    async with shop.database.transaction() as connection:
        staff = await staff_member(shop)
        await assign(connection, receipt.conversation_id, staff.id, staff_id=staff.id)
    await ask(shop, web("When are you open?", visitor=visitor))
    assert len(await said(shop, receipt.conversation_id)) == 2, "somebody has it now"


async def test_opening_hours_and_courtesies_are_answered(shop: Context) -> None:
    visitor = new_id()
    receipt, *_others = await ask(
        shop, *(web(text, visitor=visitor) for text in ("Hello!", "When are you open?", "Thank you!"))
    )
    texts = [text for _author, text in await said(shop, receipt.conversation_id)]
    assert sorted(texts) == sorted(
        [
            "Hello! Ask me if something is in stock, where your order is or when we’re open.",
            "We are here Mon-Fri 09:00-18:00 (UTC time).",
            "You’re welcome!",
        ]
    )


async def test_machines_are_not_answered(shop: Context) -> None:
    (receipt,) = await ask(shop, mail("Thank you for your message, I am away", automatic=True))
    assert await said(shop, receipt.conversation_id) == []
    assert await events(shop, "answer.given", "answer.none") == []


async def test_a_person_who_came_first_is_not_talked_over(shop: Context) -> None:
    staff = await staff_member(shop)
    (receipt,) = await receive(shop, web("Hello!"))
    async with shop.database.transaction() as connection:
        await assign(connection, receipt.conversation_id, staff.id, staff_id=staff.id)
    await answered(shop, [receipt])
    assert await said(shop, receipt.conversation_id) == []
    assert await events(shop, "answer.given") == []


async def test_reading_an_event_twice_answers_it_once(shop: Context) -> None:
    (receipt,) = await ask(shop, web("Hello!"))
    await answered(shop, [receipt])
    assert len(await said(shop, receipt.conversation_id)) == 1
    assert len(await events(shop, "answer.given")) == 1


async def test_a_worker_that_starts_again_answers_what_came_meanwhile_once(shop: Context) -> None:
    (subscriber,) = subscribers(shop)
    async with shop.database.transaction() as connection:
        await register(connection, subscriber)
    receipts = await receive(shop, *(web("Hello!") for _n in range(30)))
    await LineKeeper(shop.database).step()
    await subscriber.step(shop.database)
    (fresh,) = subscribers(shop)
    await fresh.step(shop.database)
    for receipt in receipts:
        assert len(await said(shop, receipt.conversation_id)) == 1


_FRIDAY_NIGHT = datetime(2031, 5, 2, 22, 26, tzinfo=UTC)


@pytest.mark.finding("customer-side-6")
@pytest.mark.parametrize(
    ("language", "text", "away", "ask_for_it"),
    [
        (
            "en",
            "Can you wrap it in gold foil?",
            "We’re away until Monday 09:00;",
            "Send us your e-mail address here",
        ),
        (
            "pt-BR",
            "Vocês embrulham em papel dourado?",
            "Voltamos segunda-feira 09:00,",
            "Escreva aqui o seu e-mail",
        ),
        (
            "fa",
            "می‌توانید آن را در کاغذ طلایی بپیچید؟",
            "تا دوشنبه ۹:۰۰ در دسترس نیستیم",
            "نشانی ایمیلتان را همین‌جا بنویسید",
        ),
        (
            "hi",
            "क्या आप इसे सुनहरे काग़ज़ में लपेट सकते हैं?",
            "हम सोमवार 9:00 am तक उपलब्ध नहीं हैं;",
            "अपना ईमेल पता यहाँ लिख दें",
        ),
    ],
)
async def test_when_nobody_is_there_it_says_until_when_and_asks_for_an_address(
    shop: Context, language: str, text: str, away: str, ask_for_it: str
) -> None:
    visitor = new_id()
    with clock.held(_FRIDAY_NIGHT) as held:
        question = replace(web(text, visitor=visitor), language=language)
        (receipt,) = await ask(shop, question)
        ((_author, notice),) = await said(shop, receipt.conversation_id)
        assert away in notice
        assert ask_for_it in notice
        held.advance(seconds=60)
        await ask(shop, replace(web("ana@example.com", visitor=visitor), language=language))
        (_notice, (author, noted)) = await said(shop, receipt.conversation_id)
        assert author == "shop"
        assert "ana@example.com" in noted
        async with shop.database.connection() as connection:
            ways = await reply_addresses(connection, await conversation(shop, receipt.conversation_id))
            known = await connection.execute("SELECT kind FROM customer_identities")
            assert ("email",) not in await known.fetchall(), "typed is not shown"
        assert "ana@example.com" in [way.address for way in ways if way.channel_id == EMAIL]
        assert await _waits(shop, receipt), "no answer yet"


@pytest.mark.finding("customer-side-6")
async def test_an_address_is_asked_for_in_opening_hours_too_and_never_where_one_is_known(
    shop: Context,
) -> None:
    with clock.held(_FRIDAY_NIGHT) as held:
        by_mail = await ask(shop, mail("Can you wrap it in gold foil?"))
        notices = [text for _author, text in await said(shop, by_mail[0].conversation_id)]
        assert not any("e-mail address" in text for text in notices)
        held.advance(seconds=timedelta(days=2, hours=12).total_seconds())
        (receipt,) = await ask(shop, web("Can you wrap it in gold foil?"))
        ((_author, notice),) = await said(shop, receipt.conversation_id)
        assert "We’re away" not in notice
        assert "Send us your e-mail address" in notice


async def _waits(context: Context, receipt: MessageReceipt) -> bool:
    return (await conversation(context, receipt.conversation_id)).waiting_since is not None


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ana@example.com", "ana@example.com"),
        ("My e-mail: <Ana.B+x@Example.co.uk>.", "ana.b+x@example.co.uk"),
        ("نشانی من ana@example.com، لطفاً", "ana@example.com"),
        ("a@b.example or c@d.example", None),
        ("look @home and me@ you, a@b@c.d", None),
        ("x@localhost", None),
        ("@" * 5000, None),
        ("a@b. " * 5000, None),
    ],
)
def test_an_address_in_a_message_is_found_when_there_is_just_one(text: str, address: str | None) -> None:
    assert address_in(text) == address
