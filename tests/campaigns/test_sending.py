"""A campaign from start to end: one logical send a customer, whatever fails, and no more than can be kept."""

import asyncio
from datetime import UTC, datetime

import pytest

from safar.campaigns import actions, form, outcomes, reading, sending
from safar.campaigns.errors import NobodyToReach, NoSuchStep, NothingToPromise, NotPublished
from safar.campaigns.jobs import close_offers
from safar.campaigns.model import Audience
from safar.capacity.actions import expire_due, hold_many, release_many
from safar.capacity.model import Held, HoldRequest
from safar.channels.model import End
from safar.customers.actions import Consent, consent_many
from safar.journal.model import Event
from safar.kernel import clock, setbacks
from safar.kernel.context import Context
from safar.kernel.errors import InvalidInput
from safar.kernel.ids import derived_id, new_id
from safar.stock.actions import MAIN, StockClaim, allocation_of, claim_stock_many, levels, recount_levels
from tests.stage import campaigns as makers
from tests.stage.campaigns import caught_up, delivered, happened, names, read, states

START = datetime(2026, 11, 21, 9, tzinfo=UTC)


async def test_starting_sets_the_units_aside_and_plans_a_send_for_everybody(context: Context) -> None:
    variant_id = await makers.shop(context)
    await makers.customers(context, 5)
    await makers.customers(context, 3, consent=False, prefix="silent")
    campaign_id = await makers.campaign(context, variant_id, units=40)
    async with context.database.transaction() as connection:
        started = await actions.start_campaign(connection, campaign_id)
        at = await levels(connection, [variant_id])
    assert (started.planned, dict(started.skipped)) == (5, {"no_consent": 3})
    assert at[variant_id, MAIN].free == 60
    assert at[variant_id, allocation_of(campaign_id)].free == 40
    assert await states(context, campaign_id) == {("planned", None): 5, ("skipped", "no_consent"): 3}
    assert (await names(context, "campaign.started", "send.skipped")).count("send.skipped") == 3


async def test_an_audience_is_one_language_or_country_and_the_reachable_come_first(context: Context) -> None:
    variant_id = await makers.shop(context)
    await makers.customers(context, 4)
    await makers.customers(context, 4, language="fa", prefix="f")
    await makers.customers(context, 4, language="fa", prefix="q", consent=False)
    audience = Audience(language="fa", country="Iran", limit=5)
    campaign_id = await makers.campaign(context, variant_id, audience=audience)
    async with context.database.transaction() as connection:
        started = await actions.start_campaign(connection, campaign_id)
    assert (started.planned, dict(started.skipped)) == (4, {"no_consent": 1})


async def test_a_campaign_that_cannot_promise_does_not_start_and_changes_nothing(context: Context) -> None:
    variant_id = await makers.shop(context, units=10)
    too_many = await makers.campaign(context, variant_id, units=10)
    async with context.database.transaction() as connection:  # fewer are free than when it was saved
        await connection.execute("UPDATE campaigns SET units_offered = 11")
    nobody = await makers.campaign(context, variant_id, units=10)
    for campaign_id, error in ((too_many, NothingToPromise), (nobody, NobodyToReach)):
        with pytest.raises(error):
            async with context.database.transaction() as connection:
                await actions.start_campaign(connection, campaign_id)
    async with context.database.connection() as connection:
        assert (await levels(connection, [variant_id]))[variant_id, MAIN].free == 10
        assert {c.state for c in await reading.newest_campaigns(connection)} == {"draft"}
    assert await read(context, "SELECT 1 FROM sends") == []


@pytest.mark.parametrize(
    ("subject", "body", "field"),
    [
        ({"en": ""}, {"en": "{{ link }}"}, "subject_en"),
        ({"en": "Hello"}, {"en": "no way in"}, "body_en"),
        ({"en": "Hello {{"}, {"en": "{{ link }}"}, "subject_en"),
        ({"en": "Hello {{ customer.salary }}"}, {"en": "{{ link }}"}, "subject_en"),
        ({"en": "Hello"}, {"en": "{{ link }}{% for i in (1..100000) %}x{% endfor %}"}, "body_en"),
        ({"en": "Hello"}, {"en": "{{ link }}{% include 'etc/passwd' %}"}, "body_en"),
        ({"en": "Hello", "fa": "سلام"}, {"en": "{{ link }}"}, "body_fa"),
    ],
)
async def test_a_template_that_is_wrong_is_refused_with_its_field(
    context: Context, subject: dict[str, str], body: dict[str, str], field: str
) -> None:
    variant_id = await makers.shop(context)
    with pytest.raises(InvalidInput) as refused:
        await makers.campaign(context, variant_id, subject=subject, body=body)
    assert field in refused.value.problems


async def test_a_step_queues_mails_in_the_customers_language_with_links_of_their_own(
    context: Context,
) -> None:
    variant_id = await makers.shop(context)
    await makers.customers(context, 2)
    await makers.customers(context, 1, language="fa", prefix="f")
    campaign_id = await makers.campaign(context, variant_id)
    async with context.database.transaction() as connection:
        await actions.start_campaign(connection, campaign_id)
    assert await sending.send_due(context)
    mails = await read(
        context, "SELECT subject, body, language, unsubscribe_url, author, campaign_id FROM messages"
    )
    assert sorted(mail[0] for mail in mails) == ["Glass lantern for C 0", "Glass lantern for C 1", "برای F 0"]
    assert all(f"{context.settings.public_url}/l/" in mail[1] for mail in mails)
    assert all("/unsubscribe/" in mail[3] and mail[3] in mail[1] for mail in mails)
    assert {(mail[4], mail[5]) for mail in mails} == {("campaign", campaign_id)}
    assert len({mail[1] for mail in mails}) == 3


async def test_a_step_that_dies_leaves_nothing_and_the_next_sends_each_once(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = await makers.started(context, reach=10)

    async def dies(*_arguments: object) -> None:
        raise RuntimeError("killed here")

    with monkeypatch.context() as broken:
        broken.setattr(sending, "tell_sends", dies)
        assert not await sending.send_due(context)
    assert await states(context, campaign_id) == {("planned", None): 10}
    assert await read(context, "SELECT 1 FROM messages") == []
    async with context.database.transaction() as connection:
        assert await setbacks.try_now(connection, "campaigns.sending", str(campaign_id))
    await sending.send_due(context)
    assert await states(context, campaign_id) == {("queued", None): 10}
    assert len(await read(context, "SELECT 1 FROM messages")) == 10


async def test_two_workers_never_write_to_one_customer_twice(context: Context) -> None:
    with clock.held(START) as now:
        campaign_id = await makers.started(context, reach=60, units=90)
        for _round in range(12):
            await asyncio.gather(*(sending.send_due(context) for _worker in range(4)))
            await delivered(context)
            await caught_up(context, outcomes.outcomes_reader())
            now.advance(seconds=7200)
        async with context.database.connection() as connection:
            campaign = await reading.get_campaign(connection, campaign_id)
    assert (campaign.state, campaign.reason) == ("sent", "all_sent")
    assert await states(context, campaign_id) == {("sent", None): 60}
    assert len(await read(context, "SELECT DISTINCT customer_id FROM messages")) == 60
    assert len(await read(context, "SELECT 1 FROM messages")) == 60
    assert (await names(context, "send.sent")).count("send.sent") == 60


async def test_no_window_of_an_hour_sees_more_mails_than_the_channel_may_send(context: Context) -> None:
    quota = 7
    slow = context.settings.model_copy(update={"mails_per_hour": quota})
    context = type(context)(slow, context.database, context.batchers, context.vault)
    queued: list[float] = []
    with clock.held(START) as now:
        await makers.started(context, reach=30, units=90)
        for minute in range(0, 300, 10):
            await sending.send_due(context)
            count = len(await read(context, "SELECT 1 FROM messages"))
            queued += [minute * 60.0] * (count - len(queued))
            if minute % 40 == 0:  # between them the mail server is away
                await delivered(context)
                await caught_up(context, outcomes.outcomes_reader())
            async with context.database.transaction() as connection:
                await expire_due(connection)  # as the worker does all the time
            now.advance(seconds=600)
    assert len(queued) > quota
    assert all(sum(start <= at < start + 3600 for at in queued) <= quota for start in queued)
    sent = [
        row[0].timestamp()
        for row in await read(context, "SELECT ended_at FROM sends WHERE ended_at IS NOT NULL")
    ]
    assert all(sum(start <= at < start + 3600 for at in sent) <= quota for start in sent)


async def test_consent_withdrawn_after_planning_is_respected(context: Context) -> None:
    campaign_id = await makers.started(context, reach=3)
    (customer_id,) = await read(context, "SELECT customer_id FROM sends ORDER BY id LIMIT 1")
    async with context.database.transaction() as connection:
        await consent_many(connection, [Consent(customer_id[0], "email", False, "phone")])
    await sending.send_due(context)
    assert await states(context, campaign_id) == {("queued", None): 2, ("skipped", "no_consent"): 1}


async def test_a_mail_that_fails_ends_its_send_with_the_reason(context: Context) -> None:
    campaign_id = await makers.started(context, reach=2)
    await sending.send_due(context)
    await delivered(context, End.FAILED)
    await caught_up(context, outcomes.outcomes_reader())
    assert await states(context, campaign_id) == {("failed", "refused"): 2}
    assert await names(context, "send.failed") == ["send.failed"] * 2


async def _buy(context: Context, campaign_id: object, variant_id: object, units: int) -> None:
    """Sell units of the campaign's allocation."""
    location = allocation_of(campaign_id)  # type: ignore[arg-type]
    hold_id = new_id()
    async with context.database.transaction() as connection:
        account = (await levels(connection, [variant_id]))[variant_id, location].account_id  # type: ignore[list-item,index]
        request = HoldRequest(
            hold_id=hold_id,
            lines={account: units},
            expires_at=datetime(2100, 1, 1, tzinfo=UTC),
            purpose="order",
        )
        (held,) = await hold_many(connection, [request])
        assert isinstance(held, Held)
        await claim_stock_many(connection, [StockClaim(hold_id, ((variant_id, location, units),), "test")])  # type: ignore[arg-type]


async def test_sold_out_stops_what_is_not_sent_and_says_so(context: Context) -> None:
    campaign_id = await makers.started(context, reach=40, units=5)
    await sending.send_due(context)
    assert (await states(context, campaign_id))["planned", None] == 20
    variant_id = derived_id("variant", "L1")
    await _buy(context, campaign_id, variant_id, 5)
    await read(context, "UPDATE campaigns SET paced_at = NULL RETURNING id")
    await sending.send_due(context)
    await caught_up(context, outcomes.outcomes_reader())
    assert await states(context, campaign_id) == {("skipped", "sold_out"): 40}
    async with context.database.connection() as connection:
        campaign = await reading.get_campaign(connection, campaign_id)
    assert (campaign.state, campaign.reason) == ("stopped", "sold_out")
    assert campaign.closed_at is not None
    ended = await read(
        context, "SELECT properties->>'reason' FROM journal_events WHERE name = 'campaign.ended'"
    )
    assert ended == [("sold_out",)]


async def test_stopping_brings_back_what_is_free_at_once_and_what_was_held_later(context: Context) -> None:
    campaign_id = await makers.started(context, reach=4, units=30)
    variant_id = derived_id("variant", "L1")
    location = allocation_of(campaign_id)
    await _buy(context, campaign_id, variant_id, 4)
    hold_id = new_id()
    async with context.database.transaction() as connection:
        account = (await levels(connection, [variant_id]))[variant_id, location].account_id
        request = HoldRequest(
            hold_id=hold_id, lines={account: 6}, expires_at=datetime(2100, 1, 1, tzinfo=UTC), purpose="order"
        )
        await hold_many(connection, [request])
    async with context.database.transaction() as connection:
        await actions.stop_campaign(connection, campaign_id)
        at = await levels(connection, [variant_id])
    assert (at[variant_id, MAIN].on_hand, at[variant_id, location].on_hand) == (90, 6)
    async with context.database.transaction() as connection:
        await release_many(connection, [hold_id])
    await close_offers(context)
    await close_offers(context)
    async with context.database.connection() as connection:
        at = await levels(connection, [variant_id])
        assert await recount_levels(connection) == []
    assert (at[variant_id, MAIN].on_hand, at[variant_id, location].on_hand) == (96, 0)
    with pytest.raises(NoSuchStep):
        async with context.database.transaction() as connection:
            await actions.stop_campaign(connection, campaign_id)


async def test_an_offer_ends_when_its_time_is_over(context: Context) -> None:
    with clock.held(START) as now:
        campaign_id = await makers.started(context, reach=4, units=30, offer_hours=1)
        await close_offers(context)
        async with context.database.connection() as connection:
            assert (await reading.get_campaign(connection, campaign_id)).closed_at is None
        now.advance(seconds=3600)
        await close_offers(context)
        async with context.database.connection() as connection:
            campaign = await reading.get_campaign(connection, campaign_id)
            at = await levels(connection, [campaign.variant_id])
    assert (campaign.state, campaign.reason) == ("stopped", "offer_ended")
    assert at[campaign.variant_id, MAIN].on_hand == 100
    assert await states(context, campaign_id) == {("skipped", "offer_ended"): 4}


async def test_a_paused_campaign_sends_nothing_until_it_is_resumed(context: Context) -> None:
    campaign_id = await makers.started(context, reach=4)
    async with context.database.transaction() as connection:
        await actions.pause_campaign(connection, campaign_id)
    assert not await sending.send_due(context)
    async with context.database.transaction() as connection:
        with pytest.raises(NoSuchStep):
            await actions.pause_campaign(connection, campaign_id)
        await actions.resume_campaign(connection, campaign_id)
    assert await sending.send_due(context)
    assert await names(context, "campaign.paused", "campaign.resumed") == [
        "campaign.paused",
        "campaign.resumed",
    ]


async def _publish(context: Context, *, published: bool) -> None:
    async with context.database.transaction() as connection:
        await connection.execute("UPDATE products SET published = %s", [published])


async def test_what_is_not_published_is_never_offered(context: Context) -> None:
    variant_id = await makers.shop(context)
    await makers.customers(context, 4)
    campaign_id = await makers.campaign(context, variant_id)
    await _publish(context, published=False)
    with pytest.raises(InvalidInput) as refused:
        await makers.campaign(context, variant_id)
    assert "not published" in refused.value.problems["variant_id"]
    async with context.database.transaction() as connection:
        assert await form.offer_choices(connection, "") == []
        with pytest.raises(NotPublished):
            await actions.start_campaign(connection, campaign_id)
    await _publish(context, published=True)
    async with context.database.transaction() as connection:
        assert [choice.variant_id for choice in await form.offer_choices(connection, "")] == [variant_id]
        await actions.start_campaign(connection, campaign_id)


async def test_a_campaign_whose_product_is_taken_off_waits_until_it_is_back(context: Context) -> None:
    campaign_id = await makers.started(context, reach=4)
    await _publish(context, published=False)
    await sending.send_due(context)
    async with context.database.connection() as connection:
        paused = await actions.get_campaign(connection, campaign_id)
    assert (paused.state, paused.reason) == ("paused", "not_published")
    assert await states(context, campaign_id) == {("planned", None): 4}
    assert await names(context, "campaign.paused") == ["campaign.paused"]
    with pytest.raises(NotPublished):
        async with context.database.transaction() as connection:
            await actions.resume_campaign(connection, campaign_id)
    await _publish(context, published=True)
    async with context.database.transaction() as connection:
        await actions.resume_campaign(connection, campaign_id)
    assert await sending.send_due(context)
    assert await states(context, campaign_id) == {("queued", None): 4}


async def test_orders_of_a_campaign_are_noted_on_its_sends_and_slow_it_down(context: Context) -> None:
    campaign_id = await makers.started(context, reach=200, units=10)
    variant_id = derived_id("variant", "L1")
    await sending.send_due(context)
    await delivered(context)
    await caught_up(context, outcomes.outcomes_reader())
    sends = await read(context, "SELECT id, customer_id FROM sends WHERE state = 'sent'")
    async with context.database.transaction() as connection:
        await outcomes.click_many(connection, [outcomes.Click(send[0], new_id()) for send in sends])
    lines = [[str(variant_id), str(allocation_of(campaign_id)), 2]]
    orders = [
        Event(
            name="order.placed",
            customer_id=send[1],
            campaign_id=campaign_id,
            subject_id=new_id(),
            properties={"lines": lines, "link_id": send[0]},
        )
        for send in sends[:3]
    ]
    await happened(context, *orders, *orders)
    await caught_up(context, outcomes.outcomes_reader())
    noted = await read(context, "SELECT count(ordered_at), sum(units) FROM sends")
    assert noted == [(3, 6)]
    await read(context, "UPDATE campaigns SET paced_at = NULL RETURNING id")
    await sending.send_due(context)
    async with context.database.connection() as connection:
        pace = (await reading.get_campaign(connection, campaign_id)).pace
    assert pace["bound"] == "units"
    assert pace["sends"] == 0
