"""How a conversation changes, without I/O: it and what happens give the next one and its events."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from safar.channels.kinds.port import Said
from safar.channels.model import KINDS, WEB, Author
from safar.inbox.model import Conversation, Inbound, Reply, ReplyAddress, ReplyOutcome
from safar.journal.model import Event
from safar.kernel.text import shortened

_PREVIEW_MAX = 160

Change = tuple[Conversation, list[Event]]


def received(
    before: Conversation | None, message: Inbound, *, conversation_id: UUID, customer_id: UUID
) -> Change:
    """A customer wrote: the conversation opens or goes on, and they wait from the first unanswered message.

    A machine's message joins the thread, but opens nothing and waits for nothing. One that only people may
    answer goes to them at once.
    """
    events: list[Event] = []
    if before is None:
        state = "closed" if message.automatic else "open"
        after = _begun(message, conversation_id, customer_id, state)
        if state == "open":
            events.append(desk_event("conversation.opened", after, message.at))
    else:
        after = replace(before, **_newest(message), campaign_id=message.campaign_id or before.campaign_id)
        if before.spam:
            return after, [_received_event(after, message)]
        if not message.automatic:
            after = replace(after, snoozed=False, snoozed_until=None)
        if not message.own:  # somebody else in the thread is no address of the customer's
            after = replace(after, last_channel_id=before.last_channel_id, last_address=before.last_address)
        if before.state == "closed" and not message.automatic:
            after = replace(after, state="open", closed_at=None)
            events.append(desk_event("conversation.reopened", after, message.at))
    if not message.automatic and after.waiting_since is None:
        after = replace(after, waiting_since=message.at)
    events.append(_received_event(after, message))
    if message.for_people and not message.automatic:
        after, handed = handed_over(after, "through_list", message.at)
        events += handed
    return after, events


def _begun(message: Inbound, conversation_id: UUID, customer_id: UUID, state: str) -> Conversation:
    return Conversation(
        id=conversation_id,
        customer_id=customer_id,
        state=state,
        with_staff=False,
        handover_reason=None,
        assigned_to=None,
        campaign_id=message.campaign_id,
        waiting_since=None,
        created_at=message.at,
        closed_at=message.at if state == "closed" else None,
        **_newest(message),
    )


def _newest(message: Inbound) -> dict[str, Any]:
    return {
        "language": message.language,
        "last_channel_id": message.channel_id,
        "last_address": message.address,
        "last_text": shortened(message.text, _PREVIEW_MAX) or message.preview,
        "last_author": Author.CUSTOMER.value,
        "last_message_at": message.at,
    }


def _received_event(conversation: Conversation, message: Inbound) -> Event:
    properties: dict[str, Any] = {
        "channel": KINDS.get(message.channel_id, "other"),
        "message_id": message.message_id,
        "author": Author.CUSTOMER.value,
    }
    if message.channel_id == WEB:
        properties["visitor_id"] = message.address
    if message.automatic or conversation.spam:
        properties["automatic"] = True
    if message.for_people:
        properties["for_people"] = True
    if not message.trusted:
        properties["trusted"] = False
    if not message.verified:
        properties["verified"] = False
    return desk_event("message.received", conversation, message.at, properties=properties)


# Why the bot gave one question to people, and may answer the next.
_BOT_GOES_ON = frozenset(
    {"not_understood", "unsure", "which_product", "no_order", "other_order", "about_order"}
)


def may_say(conversation: Conversation, reply: Reply) -> ReplyOutcome | None:
    """Refuse what must not be said; None when it may. The bot never talks over a person.

    While a question only waits for one, it goes on answering others that it is sure of.
    """
    if reply.author == Author.BOT and conversation.with_staff:
        taken = conversation.assigned_to is not None
        return ReplyOutcome.WITH_STAFF if taken or conversation.handover_reason not in _BOT_GOES_ON else None
    return None


def way_of(ways: Sequence[ReplyAddress], reply: Reply) -> ReplyAddress | ReplyOutcome:
    """Return to whom a reply goes. Nobody becomes the one who is answered by having written last.

    Somebody else in the thread gets an answer only where it says so.
    """
    if reply.address is not None:
        there = [way for way in ways if (way.channel_id, way.address) == (reply.channel_id, reply.address)]
        return there[0] if there else ReplyOutcome.NO_ADDRESS
    if reply.channel_id is not None:
        return newest([way for way in ways if way.own and way.channel_id == reply.channel_id])
    last = newest(ways)
    return ReplyOutcome.CHOOSE if isinstance(last, ReplyAddress) and not last.own else last


def newest(ways: Sequence[ReplyAddress]) -> ReplyAddress | ReplyOutcome:
    """Return the way by which the newest message came."""
    if not ways:
        return ReplyOutcome.NO_ADDRESS
    return max(ways, key=lambda way: (way.at is not None, way.at.timestamp() if way.at else 0.0))


def replied(before: Conversation, reply: Reply, at: datetime) -> Change:
    """We said something. An answer by staff or bot ends the waiting; a notice of the shop does not.

    Nor does an answer of the bot to something else, while a question waits for a person. Whoever looks for
    what to answer sees the question that waits, not what was said after it.
    """
    after = replace(before, last_message_at=at)
    answers = reply.author == Author.STAFF or (reply.author == Author.BOT and not before.with_staff)
    if answers or before.waiting_since is None:
        after = replace(after, last_text=shortened(reply.text, _PREVIEW_MAX), last_author=reply.author)
    events: list[Event] = []
    if answers:
        after = replace(after, waiting_since=None)
    if reply.author == Author.STAFF:
        after = replace(
            after,
            with_staff=True,
            handover_reason=before.handover_reason or "replied",
            assigned_to=before.assigned_to or reply.staff_id,
        )
        if before.state == "closed":
            after = replace(after, state="open", closed_at=None, spam=False)
            events.append(desk_event("conversation.reopened", after, at, staff_id=reply.staff_id))
        if before.assigned_to is None:
            events.append(_assigned_event(after, at, reply.staff_id))
    return after, events


def begun_by_us(said: Said, channel_id: UUID, *, conversation_id: UUID, customer_id: UUID) -> Conversation:
    """Return the conversation that begins with something a person wrote in the provider's own app."""
    return Conversation(
        id=conversation_id,
        customer_id=customer_id,
        state="open",
        with_staff=False,
        handover_reason=None,
        assigned_to=None,
        campaign_id=None,
        language=said.hint or "en",
        last_channel_id=channel_id,
        last_address=said.address,
        last_text="",
        last_author=Author.STAFF.value,
        last_message_at=said.at,
        waiting_since=None,
        created_at=said.at,
        closed_at=None,
    )


def answered_elsewhere(before: Conversation, text: str, at: datetime) -> Change:
    """A person answered in the provider's own app: nobody waits, and no machine talks over them."""
    after = replace(
        before,
        state="open",
        closed_at=None,
        spam=False,
        with_staff=True,
        handover_reason="answered_elsewhere",
        waiting_since=None,
        last_text=shortened(text, _PREVIEW_MAX),
        last_author=Author.STAFF.value,
        last_message_at=max(before.last_message_at, at),
    )
    if before.with_staff:
        return after, []
    told = {"reason": "answered_elsewhere"}
    return after, [desk_event("conversation.handed_over", after, at, properties=told)]


def handed_over(before: Conversation, reason: str, at: datetime) -> Change:
    """Give the conversation to people; the bot says no more of this. Again for another reason: no change."""
    if before.with_staff:
        return before, []
    after = replace(before, with_staff=True, handover_reason=reason)
    return after, [desk_event("conversation.handed_over", after, at, properties={"reason": reason})]


def undelivered(before: Conversation, waiting_since: datetime | None, at: datetime) -> Change:
    """A reply never arrived: the customer still waits, and somebody has to know."""
    since = before.waiting_since or waiting_since or at
    after = replace(
        before,
        state="open",
        closed_at=None,
        spam=False,
        with_staff=True,
        handover_reason="not_delivered",
        waiting_since=min(since, waiting_since or since),
    )
    return after, [desk_event("conversation.handed_over", after, at, properties={"reason": "not_delivered"})]


def assigned(before: Conversation, to: UUID | None, *, staff_id: UUID | None, at: datetime) -> Change:
    """Give an open conversation to a colleague, or to nobody; with a person on it the bot is silent."""
    if before.assigned_to == to or before.state == "closed":
        return before, []
    after = replace(before, assigned_to=to)
    if to is not None and not before.with_staff:
        after = replace(after, with_staff=True, handover_reason="taken")
    return after, [_assigned_event(after, at, staff_id)]


def closed(before: Conversation, *, staff_id: UUID | None, at: datetime, reason: str | None = None) -> Change:
    """End the conversation; when the customer writes again it opens for everybody, the bot first."""
    if before.state == "closed":
        return before, []
    after = replace(
        before,
        state="closed",
        closed_at=at,
        with_staff=False,
        handover_reason=None,
        assigned_to=None,
        waiting_since=None,
        snoozed=False,
        snoozed_until=None,
    )
    properties = {"reason": reason} if reason else {}
    return after, [desk_event("conversation.closed", after, at, staff_id=staff_id, properties=properties)]


def reopened(before: Conversation, *, staff_id: UUID, at: datetime) -> Change:
    """Take a closed conversation up again, by hand: it is then with the one who did."""
    if before.state == "open":
        return before, []
    after = replace(
        before,
        state="open",
        closed_at=None,
        spam=False,
        with_staff=True,
        handover_reason="taken",
        assigned_to=staff_id,
    )
    return after, [desk_event("conversation.reopened", after, at, staff_id=staff_id)]


def _assigned_event(conversation: Conversation, at: datetime, staff_id: UUID | None) -> Event:
    properties = {"to": conversation.assigned_to}
    return desk_event("conversation.assigned", conversation, at, staff_id=staff_id, properties=properties)


def desk_event(
    name: str,
    conversation: Conversation,
    at: datetime,
    *,
    staff_id: UUID | None = None,
    properties: dict[str, Any] | None = None,
) -> Event:
    return Event(
        name=name,
        at=at,
        customer_id=conversation.customer_id,
        campaign_id=conversation.campaign_id,
        staff_id=staff_id,
        subject_id=conversation.id,
        properties=properties or {},
    )
