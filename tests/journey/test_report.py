"""The map and the report: from the books, and compared with each other."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson
import pytest

from safar.campaigns import outcomes, sending
from safar.campaigns.promises import keeping as promises
from safar.channels.actions import queue_many
from safar.channels.model import EMAIL, Outgoing
from safar.journal.model import Event
from safar.journey.report import as_table, promise_report, sentences
from safar.journey.stages import stages
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.i18n import speaking
from safar.kernel.ids import derived_id, new_id
from safar.orders.cancel import Cancellation
from safar.orders.model import OrderRequest
from safar.orders.place import buy_many
from safar.returns.cancel_order import cancel_with_exchanges_many
from safar.stock.actions import MAIN, Transfer, allocation_of, transfer_many
from tests.stage import campaigns as makers
from tests.stage.buyers import anybody
from tests.stage.campaigns import caught_up, conversation, delivered, happened, read

START = datetime(2026, 11, 21, 9, tzinfo=UTC)
LANTERN = derived_id("variant", "L1")


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@pytest.fixture
async def campaign_id(context: Context) -> UUID:
    """A campaign whose 20 mails went out, three of which led to something."""
    with clock.held(at(0)) as now:
        found = await makers.started(context, reach=20, units=5)
        await sending.send_due(context)
        await delivered(context)
        await caught_up(context, outcomes.outcomes_reader())
        people = [row[0] for row in await read(context, "SELECT customer_id FROM sends ORDER BY customer_id")]

        def event(name: str, who: int, seconds: float, **properties: object) -> Event:
            return Event(
                name=name,
                at=at(seconds),
                customer_id=people[who],
                campaign_id=found,
                subject_id=derived_id(name, who),
                properties=properties,
            )

        lines = [[str(LANTERN), str(allocation_of(found)), 1]]
        asked = event("message.received", 2, 12, message_id=str(await _question(context, people[2], found)))
        asked.subject_id = conversation(2)
        now.advance(seconds=60)
        await happened(
            context,
            event("link.clicked", 0, 5),
            event("visit.arrived", 0, 6, queued=True),
            event("visit.admitted", 0, 10, waited_s=4.0),
            event("cart.created", 0, 20),
            event("order.placed", 0, 25, lines=lines),
            event("order.refused", 1, 26, lines=lines, reason="out_of_stock"),
            event("visit.arrived", 1, 8, queued=False),
            event("visit.admitted", 1, 8, waited_s=0.0),
            asked,
        )
        await caught_up(context, outcomes.outcomes_reader(), promises.promises_reader())
    return found


async def _question(context: Context, customer_id: UUID, campaign_id: UUID) -> UUID:
    """A message that is kept, so that the journal's word of it is true."""
    message = Outgoing(
        message_id=new_id(),
        channel_id=EMAIL,
        author="bot",
        customer_id=customer_id,
        address="a@example.com",
        body="?",
        language="en",
        campaign_id=campaign_id,
    )
    async with context.database.transaction() as connection:
        await queue_many(connection, [message])
    return message.message_id


async def test_stages_are_read_from_the_journal(context: Context, campaign_id: UUID) -> None:
    async with context.database.connection() as connection:
        found = await stages(connection, campaign_id, until=at(100_000))
        everybody = await stages(connection, until=at(100_000))
        before = await stages(connection, campaign_id, until=at(7))
    by_name = {stage.name: stage for stage in found.stages}
    assert found.customers == everybody.customers == 20
    assert (by_name["discover"].arrivals, by_name["discover"].went_on) == (20, 3)
    assert by_name["visit"].arrivals == 2
    assert by_name["ask"].arrivals == 1
    assert (by_name["buy"].arrivals, by_name["buy"].went_on) == (2, 0)
    assert by_name["buy"].causes == {"units": 1}
    assert by_name["ask"].causes == {"staff": 1}
    assert before.stages[1].arrivals == 1


async def test_the_report_counts_what_the_books_say(context: Context, campaign_id: UUID) -> None:
    with clock.held(at(100_000)):
        async with context.database.connection() as connection:
            report = await promise_report(connection, campaign_id)
    assert (report.customers, report.sends, report.sends_skipped) == (20, 20, {})
    assert (report.visits, report.queued, report.admitted, report.median_wait_s) == (2, 1, 2, 4.0)
    assert (report.questions, report.carts, report.orders) == (1, 1, 0)
    assert (report.units_offered, report.units_sold, report.oversold) == (5, 0, 0)
    assert (report.promises_kept, report.promises_broken) == (0, 1)
    assert report.messages_lost == 0
    assert report.disagreements == []
    assert report.currency == "GBP"
    orjson.dumps(asdict(report))


async def test_units_really_sold_are_the_same_in_every_book(context: Context, campaign_id: UUID) -> None:
    def order(number: int, units: int) -> OrderRequest:
        return OrderRequest(
            **anybody(),
            order_id=derived_id("order", number),
            customer_id=new_id(),
            campaign_id=campaign_id,
            cart_id=None,
            lines=((LANTERN, units),),
            email=f"b{number}@example.com",
            name="Bo",
            address="Lane 1",
            language="en",
            provider="cod",
        )

    async with context.database.transaction() as connection:
        await buy_many(connection, [order(1, 3), order(2, 4), order(3, 2)])
    await caught_up(context, outcomes.outcomes_reader(), promises.promises_reader())
    async with context.database.transaction() as connection:
        before = await promise_report(connection, campaign_id)
        gone = Cancellation(derived_id("order", 2), "", "cancelled_by_shop", staff_id=new_id())
        await cancel_with_exchanges_many(connection, [gone])
        after = await promise_report(connection, campaign_id)
    # The second order finds two units set aside and takes two from the warehouse, like the third.
    assert (before.orders, before.units_sold, before.oversold, before.disagreements) == (3, 5, 0, [])
    assert (before.promises_kept, before.promises_broken) == (3, 1)
    assert (after.units_sold, after.oversold, after.disagreements) == (3, 0, [])


async def test_a_message_the_journal_tells_of_and_nobody_keeps_is_lost(
    context: Context, campaign_id: UUID
) -> None:
    gone = Event(
        name="message.received",
        customer_id=new_id(),
        campaign_id=campaign_id,
        subject_id=new_id(),
        properties={"message_id": str(new_id())},
    )
    await happened(context, gone)
    async with context.database.connection() as connection:
        report = await promise_report(connection, campaign_id)
    assert report.messages_lost == 1
    assert "lost" in sentences(report)[0]


async def test_where_the_books_differ_the_report_says_so(context: Context, campaign_id: UUID) -> None:
    sold = Event(
        name="order.confirmed",
        customer_id=new_id(),
        campaign_id=campaign_id,
        subject_id=new_id(),
        properties={"lines": [[str(LANTERN), str(allocation_of(campaign_id)), 2]], "total_minor": 2500},
    )
    await happened(context, sold)
    async with context.database.transaction() as connection:
        move = Transfer(
            move_id=new_id(),
            variant_id=LANTERN,
            from_location_id=allocation_of(campaign_id),
            to_location_id=MAIN,
            quantity=1,
            reason="test",
        )
        await transfer_many(connection, [move])
        report = await promise_report(connection, campaign_id)
    assert report.disagreements == ["units sold: orders and claimed holds: 2 and 0"]


@pytest.mark.parametrize("language", ["en", "fa", "hi", "pt-BR"])
async def test_the_report_is_told_in_every_language(
    context: Context, campaign_id: UUID, language: str
) -> None:
    with speaking(language), clock.held(at(100_000)):
        async with context.database.connection() as connection:
            report = await promise_report(connection, campaign_id)
        assert len(sentences(report)) == 3
        assert all(label and figure for label, figure in as_table(report))


async def test_a_campaign_nobody_answered_has_a_map_too(context: Context) -> None:
    variant_id = await makers.shop(context)
    campaign_id = await makers.campaign(context, variant_id)
    async with context.database.connection() as connection:
        assert (await stages(connection, campaign_id)).customers == 0
        assert (await stages(connection)).customers == 0
        report = await promise_report(connection, campaign_id)
    assert report.bottleneck is None
    assert len(sentences(report)) == 3
