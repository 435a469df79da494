"""A campaign's message leaves only if it still may, asked when it leaves: consent, address, limit, hours."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.campaigns import actions, sending
from safar.campaigns.model import Audience
from safar.campaigns.permission import quiet_until
from safar.campaigns.reading import audience_reach
from safar.channels.actions import bounce_many, retry_message
from safar.channels.decide import address_is_gone
from safar.customers.actions import Consent, consent_many
from safar.kernel import clock
from safar.kernel.context import Context
from safar.work import loops
from tests.stage import campaigns as makers
from tests.stage.campaigns import read, states

NIGHT = datetime(2031, 3, 1, 23, 30, tzinfo=UTC)


def with_settings(context: Context, **changes: Any) -> Context:
    return replace(context, settings=context.settings.model_copy(update=changes))


async def outbox_step(context: Context) -> None:
    """One step of the outbox as the worker runs it: no mail server is there, so what may leave comes back."""
    (outbox,) = [loop for loop in loops(context) if loop.name == "outbox"]
    await outbox.step()


async def messages(context: Context) -> dict[str, tuple[str, str | None]]:
    found = await read(context, "SELECT address, state, reason FROM messages WHERE author = 'campaign'")
    return {address: (state, reason) for address, state, reason in found}


async def customer_of(context: Context, address: str) -> UUID:
    ((id_,),) = await read(context, "SELECT customer_id FROM customer_identities WHERE value = %s", address)
    return UUID(str(id_))


@pytest.mark.finding("messages-10")
@pytest.mark.finding("security-25")
async def test_consent_withdrawn_while_the_mail_waits_is_respected(context: Context) -> None:
    await makers.started(context, reach=2)
    await sending.send_due(context)
    async with context.database.transaction() as connection:
        gone = Consent(await customer_of(context, "c0@example.com"), "email", False, "unsubscribe")
        await consent_many(connection, [gone])
    await outbox_step(context)
    found = await messages(context)
    assert found["c0@example.com"] == ("skipped", "no_consent")
    assert found["c1@example.com"][0] == "queued", "the other one may go, once a server is there"
    told = await read(
        context, "SELECT properties->>'reason' FROM journal_events WHERE name = 'message.skipped'"
    )
    assert told == [("no_consent",)]


@pytest.mark.finding("security-25")
async def test_staff_who_try_a_mail_again_do_not_get_past_a_withdrawal(context: Context) -> None:
    await makers.started(context, reach=1)
    await sending.send_due(context)
    ((message_id,),) = await read(context, "UPDATE messages SET state = 'failed' RETURNING id")
    async with context.database.transaction() as connection:
        gone = Consent(await customer_of(context, "c0@example.com"), "email", False, "unsubscribe")
        await consent_many(connection, [gone])
        assert await retry_message(connection, message_id, staff_id=message_id)
    await outbox_step(context)
    assert await messages(context) == {"c0@example.com": ("skipped", "no_consent")}


@pytest.mark.finding("messages-10")
async def test_an_address_that_does_not_exist_is_not_counted_and_not_mailed_again(context: Context) -> None:
    await makers.started(context, reach=3)
    await sending.send_due(context)
    ids = dict(await read(context, "UPDATE messages SET state = 'sent' RETURNING address, id"))
    async with context.database.transaction() as connection:
        report = {"message_id": ids["c1@example.com"], "reason": "no such user", "code": "bounced_5.1.1"}
        full = {"message_id": ids["c2@example.com"], "reason": "mailbox full", "code": "bounced_5.2.2"}
        assert await bounce_many(connection, [report, full]) == 2
        counted = await audience_reach(connection, Audience())
    assert (counted.customers, counted.reachable) == (3, 2)
    ((variant_id,),) = await read(context, "SELECT variant_id FROM campaigns")
    second = await makers.campaign(context, variant_id, units=10)
    async with context.database.transaction() as connection:
        await actions.start_campaign(connection, second)
    assert await states(context, second) == {("planned", None): 2, ("skipped", "dead_address"): 1}
    await read(context, "UPDATE channel_gone_addresses SET at = at - interval '1 minute' RETURNING at")
    await read(
        context,
        "INSERT INTO messages (id, channel_id, direction, author, customer_id, address, body, language,"
        " state, at, next_try_at) SELECT gen_random_uuid(), channel_id, 'in', 'customer', customer_id,"
        " address, 'Hi', 'en', 'received', now(), now() FROM messages"
        " WHERE address = 'c1@example.com' RETURNING id",
    )
    async with context.database.connection() as connection:
        assert (await audience_reach(connection, Audience())).reachable == 3, (
            "a mail from there proves that it exists"
        )


@pytest.mark.finding("security-25")
async def test_no_customer_gets_more_campaign_mails_in_any_window_than_the_limit(context: Context) -> None:
    limited = with_settings(context, campaign_mails_max=1, campaign_mails_days=7)
    first = await makers.started(limited, reach=2)
    ((variant_id,),) = await read(context, "SELECT variant_id FROM campaigns")
    await sending.send_due(limited)
    await read(context, "UPDATE messages SET state = 'sent', ended_at = now() RETURNING id")
    second = await makers.campaign(limited, variant_id, units=5)
    async with context.database.transaction() as connection:
        await actions.start_campaign(connection, second)
    await read(context, "UPDATE campaigns SET state = 'paused' WHERE id = %s RETURNING id", first)
    await sending.send_due(limited)
    await outbox_step(limited)
    query = "SELECT state, reason FROM messages WHERE campaign_id = %s"
    assert await read(context, query, second) == [("skipped", "too_many")] * 2
    await read(
        context,
        "UPDATE messages SET ended_at = ended_at - interval '8 days' WHERE campaign_id = %s RETURNING id",
        first,
    )
    await read(context, "UPDATE messages SET state = 'queued' WHERE campaign_id = %s RETURNING id", second)
    await outbox_step(limited)
    assert {state for state, _reason in await read(context, query, second)} == {"queued"}


@pytest.mark.finding("security-25")
async def test_two_mails_to_one_customer_at_once_are_one_too_many(context: Context) -> None:
    limited = with_settings(context, campaign_mails_max=1)
    await makers.started(limited, reach=1)
    ((variant_id,),) = await read(context, "SELECT variant_id FROM campaigns")
    second = await makers.campaign(limited, variant_id, units=5)
    async with context.database.transaction() as connection:
        await actions.start_campaign(connection, second)
    await sending.send_due(limited)
    await sending.send_due(limited)
    await outbox_step(limited)
    found = await read(context, "SELECT state FROM messages ORDER BY state")
    assert [state for (state,) in found] == ["queued", "skipped"]


@pytest.mark.finding("security-25")
async def test_in_quiet_hours_nothing_is_queued_and_what_waits_goes_when_they_end(context: Context) -> None:
    quiet = with_settings(context, quiet_hours="21:00-08:00", timezone="Asia/Tehran")
    with clock.held(NIGHT.replace(hour=12)):
        campaign_id = await makers.started(quiet, reach=2)
        await sending.send_due(quiet)
    with clock.held(NIGHT):
        await outbox_step(quiet)
        ((state, reason, due),) = set(await read(context, "SELECT state, reason, next_try_at FROM messages"))
        assert (state, reason, due) == ("queued", "quiet_hours", datetime(2031, 3, 2, 4, 30, tzinfo=UTC))
        await makers.customers(context, 1, prefix="late")
        other = await makers.campaign(quiet, await _variant(context), units=5)
        async with context.database.transaction() as connection:
            await actions.start_campaign(connection, other)
        await sending.send_due(quiet)
        assert ("planned", None) in await states(context, other)
        ((bound,),) = await read(context, "SELECT pace->>'bound' FROM campaigns WHERE id = %s", other)
        assert bound == "quiet"
    assert await states(context, campaign_id) == {("queued", None): 2}


async def _variant(context: Context) -> UUID:
    ((variant_id,),) = await read(context, "SELECT variant_id FROM campaigns LIMIT 1")
    return UUID(str(variant_id))


_DAYS = st.datetimes(datetime(2030, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC))


@given(_DAYS, st.sampled_from(["UTC", "Asia/Tehran", "America/Sao_Paulo", "Asia/Kolkata", "Europe/London"]))
def test_quiet_hours_end_within_the_day_outside_of_them(now: datetime, zone: str) -> None:
    until = quiet_until(now, "21:00-08:00", zone)
    if until is not None:
        assert now < until <= now + timedelta(hours=12)
        assert quiet_until(until, "21:00-08:00", zone) is None
    assert quiet_until(now, "", zone) is None


@pytest.mark.parametrize(
    ("at", "hours", "quiet"),
    [
        ("20:59", "21:00-08:00", False), ("21:00", "21:00-08:00", True), ("00:00", "21:00-08:00", True),
        ("07:59", "21:00-08:00", True), ("08:00", "21:00-08:00", False), ("13:30", "13:00-14:00", True),
        ("14:00", "13:00-14:00", False),
    ],
)  # fmt: skip
def test_quiet_hours_begin_and_end_on_the_minute(at: str, hours: str, quiet: bool) -> None:
    now = datetime.fromisoformat(f"2031-03-01T{at}:00+00:00")
    assert (quiet_until(now, hours, "UTC") is not None) == quiet


@pytest.mark.parametrize(
    ("code", "reason", "gone"),
    [
        ("bounced_5.1.1", None, True), ("bounced_5.1.10", None, True), ("bounced_5.2.1", None, True),
        ("bounced_5.2.2", None, False), ("bounced_5.7.1", None, False), ("bounced_5.0.0", None, False),
        ("smtp_550", "550 5.1.1 no such user", True), ("smtp_550", "550 5.7.1 spam", False),
        ("smtp_550", "550 no such user here", True), ("smtp_553", "553 mailbox name", True),
        ("smtp_554", "554 rejected", False), ("server_away", None, False), (None, None, False),
        ("smtp_552", "552 5.2.2 over quota, see RFC 5.1.1", False),
    ],
)  # fmt: skip
def test_only_what_says_that_the_address_does_not_exist_ends_it(
    code: str | None, reason: str | None, gone: bool
) -> None:
    assert address_is_gone(code, reason) is gone
