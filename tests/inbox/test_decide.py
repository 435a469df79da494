"""How a conversation changes: who waits since when, when the bot is silent, to whom an answer goes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from safar.channels.model import EMAIL, WEB
from safar.inbox.decide import (
    assigned,
    closed,
    handed_over,
    may_say,
    newest,
    received,
    reopened,
    replied,
    undelivered,
    way_of,
)
from safar.inbox.model import Conversation, Inbound, Reply, ReplyAddress, ReplyOutcome
from safar.kernel.ids import derived_id

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = AT + timedelta(minutes=5)
ANA, ADA, BOB = (derived_id(name) for name in ("ana", "ada", "bob"))
THREAD = Conversation(
    id=derived_id("thread"), customer_id=ANA, state="open", with_staff=False, handover_reason=None,
    assigned_to=None, campaign_id=derived_id("first"), language="en", last_channel_id=EMAIL,
    last_address="ana@customers.example", last_text="Is it there?", last_author="customer",
    last_message_at=AT, waiting_since=AT, created_at=AT, closed_at=None,
)  # fmt: skip
CLOSED = replace(THREAD, state="closed", closed_at=AT, waiting_since=None)


def inbound(**other: Any) -> Inbound:
    plain = {
        "message_id": derived_id("m"),
        "channel_id": EMAIL,
        "external_id": "x",
        "text": "Hello?",
        "address": "ana@customers.example",
        "language": "pt-BR",
        "customer_id": ANA,
        "at": LATER,
    }
    return Inbound(**{**plain, **other})


def reply(author: str = "staff", **other: Any) -> Reply:
    plain = {
        "conversation_id": THREAD.id,
        "text": "Yes",
        "author": author,
        "message_id": derived_id("r"),
        "staff_id": ADA if author == "staff" else None,
    }
    return Reply(**{**plain, **other})


def take_in(before: Conversation | None, **other: Any) -> tuple[Conversation, list[str]]:
    after, events = received(before, inbound(**other), conversation_id=THREAD.id, customer_id=ANA)
    return after, [event.name for event in events]


def test_a_first_message_opens_a_conversation_and_its_writer_waits() -> None:
    after, names = take_in(None)
    assert names == ["conversation.opened", "message.received"]
    assert (after.state, after.waiting_since, after.closed_at) == ("open", LATER, None)
    assert (after.last_text, after.language, after.with_staff) == ("Hello?", "pt-BR", False)


def test_a_machines_message_opens_nothing_and_waits_for_nothing() -> None:
    after, names = take_in(None, automatic=True, for_people=True)
    assert names == ["message.received"]
    assert (after.state, after.waiting_since, after.closed_at, after.with_staff) == (
        "closed",
        None,
        LATER,
        False,
    )
    after, names = take_in(CLOSED, automatic=True)
    assert (after.state, after.closed_at, after.waiting_since, names) == (
        "closed",
        AT,
        None,
        ["message.received"],
    )


def test_a_message_goes_on_with_the_conversation_and_reopens_a_closed_one() -> None:
    after, names = take_in(THREAD)
    assert (after.waiting_since, names) == (AT, ["message.received"]), "since the first that is unanswered"
    after, names = take_in(CLOSED)
    assert (after.state, after.closed_at, after.waiting_since) == ("open", None, LATER)
    assert names == ["conversation.reopened", "message.received"]
    assert take_in(THREAD)[0].campaign_id == derived_id("first")
    assert take_in(THREAD, campaign_id=derived_id("second"))[0].campaign_id == derived_id("second")


def test_a_list_shows_the_first_160_letters() -> None:
    assert take_in(THREAD, text="x" * 500)[0].last_text == "x" * 159 + "…"
    assert replied(THREAD, reply(text="y" * 500), LATER)[0].last_text == "y" * 159 + "…"


def test_somebody_else_in_the_thread_changes_no_address_of_the_customers() -> None:
    other = {"address": "friend@b.example", "channel_id": WEB}
    assert take_in(THREAD, own=False, **other)[0].last_address == "ana@customers.example"
    after = take_in(THREAD, **other)[0]
    assert (after.last_address, after.last_channel_id) == ("friend@b.example", WEB)


def test_what_only_people_may_answer_goes_to_them_at_once() -> None:
    after, names = take_in(THREAD, for_people=True)
    assert (after.with_staff, after.handover_reason) == (True, "through_list")
    assert names == ["message.received", "conversation.handed_over"]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({}, {"channel": "email"}),
        ({"channel_id": WEB, "address": "v"}, {"channel": "web", "visitor_id": "v"}),
        ({"automatic": True}, {"channel": "email", "automatic": True}),
        ({"for_people": True}, {"channel": "email", "for_people": True}),
        ({"verified": False}, {"channel": "email", "trusted": False, "verified": False}),
        ({"own": False}, {"channel": "email", "trusted": False}),
    ],
)
def test_the_event_says_what_the_message_can_be_trusted_with(
    other: dict[str, Any], said: dict[str, Any]
) -> None:
    _after, events = received(THREAD, inbound(**other), conversation_id=THREAD.id, customer_id=ANA)
    properties = {"message_id": derived_id("m"), "author": "customer", **said}
    assert events[0].properties == properties
    assert (events[0].at, events[0].subject_id, events[0].customer_id) == (LATER, THREAD.id, ANA)


@pytest.mark.parametrize(
    ("changes", "author", "said"),
    [
        ({}, "bot", None),
        ({"with_staff": True, "handover_reason": "unsure"}, "bot", None),  # it goes on with other questions
        ({"with_staff": True, "handover_reason": "asked_for"}, "bot", ReplyOutcome.WITH_STAFF),
        (
            {"with_staff": True, "handover_reason": "unsure", "assigned_to": ADA},
            "bot",
            ReplyOutcome.WITH_STAFF,
        ),
        ({"with_staff": True, "handover_reason": "asked_for"}, "staff", None),
        ({"with_staff": True, "handover_reason": "asked_for"}, "shop", None),
    ],
)
def test_the_bot_never_talks_over_a_person(
    changes: dict[str, Any], author: str, said: ReplyOutcome | None
) -> None:
    assert may_say(replace(THREAD, **changes), reply(author)) is said


def way(address: str, minutes: int | None, *, own: bool = True, channel: object = EMAIL) -> ReplyAddress:
    at = None if minutes is None else AT + timedelta(minutes=minutes)
    return ReplyAddress(THREAD.id, channel, address, None, None, own, at)  # type: ignore[arg-type]


def test_an_answer_goes_where_it_says_or_to_the_customers_newest_address() -> None:
    home, work, chat = way("home", 1), way("work", 2), way("v", 0, channel=WEB)
    friend, never = way("friend", 3, own=False), way("new", None)
    assert way_of([home, work, chat], reply()) == work
    assert way_of([home, friend], reply()) is ReplyOutcome.CHOOSE
    assert way_of([], reply()) is ReplyOutcome.NO_ADDRESS
    assert way_of([home, work, chat, friend], reply(channel_id=EMAIL)) == work
    assert way_of([home, work, chat], reply(channel_id=WEB)) == chat
    assert way_of([home], reply(channel_id=WEB)) is ReplyOutcome.NO_ADDRESS
    assert way_of([home, friend], reply(channel_id=EMAIL, address="friend")) == friend
    assert way_of([home, friend], reply(channel_id=WEB, address="friend")) is ReplyOutcome.NO_ADDRESS
    assert newest([never, home]) == newest([home, never]) == home
    assert newest([never]) == never


def test_an_answer_ends_the_waiting_and_a_notice_does_not() -> None:
    for author, waits in (("staff", None), ("bot", None), ("shop", AT), ("campaign", AT)):
        after, _events = replied(THREAD, reply(author), LATER)
        assert (after.waiting_since, after.last_message_at) == (waits, LATER)
        assert after.last_text == ("Is it there?" if waits else "Yes")
        assert after.last_author == ("customer" if waits else author)
    idle = replace(THREAD, waiting_since=None)
    assert replied(idle, reply("shop"), LATER)[0].last_text == "Yes"
    with_people = replace(THREAD, with_staff=True)
    after, events = replied(with_people, reply("bot"), LATER)
    assert (after.waiting_since, after.last_text, events) == (AT, "Is it there?", [])


def test_whoever_answers_has_the_conversation() -> None:
    after, events = replied(THREAD, reply(), LATER)
    assert (after.with_staff, after.handover_reason, after.assigned_to) == (True, "replied", ADA)
    assert [(event.name, event.properties) for event in events] == [("conversation.assigned", {"to": ADA})]
    theirs = replace(THREAD, with_staff=True, handover_reason="unsure", assigned_to=BOB)
    after, events = replied(theirs, reply(), LATER)
    assert (after.handover_reason, after.assigned_to, events) == ("unsure", BOB, [])
    after, events = replied(CLOSED, reply(), LATER)
    assert (after.state, after.closed_at) == ("open", None)
    assert [event.name for event in events] == ["conversation.reopened", "conversation.assigned"]
    assert replied(CLOSED, reply("bot"), LATER)[0].state == "closed"


def test_a_conversation_is_handed_over_once() -> None:
    after, events = handed_over(THREAD, "unsure", LATER)
    assert (after.with_staff, after.handover_reason) == (True, "unsure")
    assert [(event.name, event.properties) for event in events] == [
        ("conversation.handed_over", {"reason": "unsure"})
    ]
    assert handed_over(after, "asked_for", LATER) == (after, [])


@pytest.mark.parametrize(
    ("waits", "question", "since"),
    [
        (AT, None, AT), (None, AT, AT), (None, None, LATER + timedelta(minutes=1)), (LATER, AT, AT),
        (AT, LATER, AT),
    ],
)  # fmt: skip
def test_who_got_no_answer_waits_since_the_older_question(
    waits: datetime | None, question: datetime | None, since: datetime
) -> None:
    after, events = undelivered(replace(CLOSED, waiting_since=waits), question, LATER + timedelta(minutes=1))
    assert after.waiting_since == since
    assert (after.state, after.closed_at, after.with_staff, after.handover_reason) == (
        "open",
        None,
        True,
        "not_delivered",
    )
    assert events[0].properties == {"reason": "not_delivered"}


def test_a_colleague_takes_it_and_gives_it_back() -> None:
    after, events = assigned(THREAD, BOB, staff_id=ADA, at=LATER)
    assert (after.assigned_to, after.with_staff, after.handover_reason) == (BOB, True, "taken")
    assert (events[0].properties, events[0].staff_id) == ({"to": BOB}, ADA)
    assert assigned(after, BOB, staff_id=ADA, at=LATER) == (after, [])
    waiting = replace(THREAD, with_staff=True, handover_reason="unsure")
    assert assigned(waiting, BOB, staff_id=ADA, at=LATER)[0].handover_reason == "unsure"
    free, _events = assigned(after, None, staff_id=ADA, at=LATER)
    assert (free.assigned_to, free.with_staff) == (None, True)
    assert not assigned(replace(THREAD, assigned_to=BOB), None, staff_id=ADA, at=LATER)[0].with_staff


def test_what_is_closed_is_free_for_the_bot_again_and_taken_up_by_who_reopens_it() -> None:
    after, events = closed(replace(THREAD, with_staff=True, assigned_to=ADA), staff_id=ADA, at=LATER)
    assert after == replace(CLOSED, closed_at=LATER)
    assert (events[0].name, events[0].properties) == ("conversation.closed", {})
    reason = closed(THREAD, staff_id=None, at=LATER, reason="silent")[1][0].properties
    assert reason == {"reason": "silent"}
    assert closed(CLOSED, staff_id=ADA, at=LATER) == (CLOSED, [])
    again, events = reopened(CLOSED, staff_id=BOB, at=LATER)
    assert (again.state, again.closed_at, again.with_staff, again.assigned_to) == ("open", None, True, BOB)
    assert [event.name for event in events] == ["conversation.reopened"]
    assert reopened(THREAD, staff_id=BOB, at=LATER) == (THREAD, [])
