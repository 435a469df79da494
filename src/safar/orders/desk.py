"""What staff do with an order besides sending it: its address corrected, notes, tags. Each once, audited."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from safar.channels.actions import queue_many
from safar.channels.letters import LetterPart, MailKind
from safar.journal.actions import append_many
from safar.kernel import clock
from safar.kernel.database import Connection, execute, rows, tuples, value, values
from safar.kernel.errors import NotFound
from safar.kernel.i18n import N_, _, speaking
from safar.kernel.ids import derived_id, new_id
from safar.kernel.text import plain_words
from safar.orders.changes import event_of, lock_orders
from safar.orders.errors import LeftAlready, OrderChangedSince, TooManyTags
from safar.orders.mail import CLOSING, letter
from safar.orders.model import Order, OrderState
from safar.orders.reading import QUERIES
from safar.orders.way import Step, after

KIND = MailKind(
    "order-address",
    N_("Address of an order changed"),
    N_("The address of your order %(number)s was changed"),
    N_("The delivery address of your order was changed. If this is not right, reply to this e-mail at once."),
    ("number",),
    CLOSING,
)
TAGS_MAX = 20
TAG_CHARACTERS_MAX = 40
NOTES_SHOWN_MAX = 200
_LINE_MAX = 120


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Who gets an order and where it goes. Not the country: taxes and delivery were worked out for it."""

    name: str
    address: str
    postcode: str
    city: str
    phone: str

    @property
    def digest(self) -> str:
        """Return a digest of the address, which forms carry so that an outdated page is noticed."""
        return derived_id("whereabouts", *self.parts).hex

    @property
    def parts(self) -> tuple[str, ...]:
        return (self.name, self.address, self.postcode, self.city, self.phone)

    @property
    def text(self) -> str:
        place = " ".join(filter(None, (self.postcode, self.city)))
        return "\n".join(filter(None, (self.name, self.address, place, self.phone)))


@dataclass(frozen=True, slots=True)
class OrderNote:
    """A note that only staff see; `kind` address: what the address was before a change."""

    id: UUID
    kind: str
    text: str
    staff_id: UUID
    written_at: datetime


def whereabouts_of(order: Order) -> Whereabouts:
    return Whereabouts(order.name, order.address, order.postcode, order.city, order.phone)


def may_readdress(order: Order) -> bool:
    """Tell whether the address may still be changed: some of the order has not been sent."""
    return order.state == OrderState.PLACED or after(order.state, Step.SHIP) is not None


async def change_address(
    connection: Connection, order_id: UUID, new: Whereabouts, *, seen: str, link: str, staff_id: UUID
) -> None:
    """Correct where an order goes, before it leaves; the customer is told by mail, staff see what it was.

    `seen`: the digest of what the form showed. Writes order.address_changed. Raises NotFound, LeftAlready,
    OrderChangedSince.
    """
    order = (await lock_orders(connection, [order_id])).get(order_id)
    if order is None:
        raise NotFound
    before = whereabouts_of(order)
    if before == new:
        return
    if not may_readdress(order):
        raise LeftAlready
    if before.digest != seen:
        raise OrderChangedSince
    now = clock.now()
    params = {"id": order_id, "name": new.name, "address": new.address, "postcode": new.postcode}
    await execute(connection, QUERIES["change_address"], {**params, "city": new.city, "phone": new.phone})
    await _note(connection, new_id(), order_id, "address", before.text, staff_id, now)
    with speaking(order.language):
        parts = []
        if order.proven:
            lines = [plain_words(line, _LINE_MAX) for line in new.text.splitlines()]
            parts.append(
                LetterPart("lines", _("Delivery address:"), rows=[(line,) for line in lines if line])
            )
        named = {"number": str(order.number)}
        mail = letter(order, derived_id("address changed", order_id, now), KIND, named, parts, link)
    await queue_many(connection, [mail])
    await append_many(connection, [event_of("order.address_changed", order, {}, staff_id=staff_id)])


async def write_note(
    connection: Connection, note_id: UUID, order_id: UUID, text: str, *, staff_id: UUID
) -> None:
    """Keep a note for staff; the same id again changes nothing. Writes order.noted. Raises NotFound."""
    order = (await lock_orders(connection, [order_id])).get(order_id)
    if order is None:
        raise NotFound
    if await _note(connection, note_id, order_id, "note", text, staff_id, clock.now()):
        await append_many(connection, [event_of("order.noted", order, {}, staff_id=staff_id)])


async def add_tag(connection: Connection, order_id: UUID, tag: str, *, staff_id: UUID) -> None:
    """Tag an order, so that it is found by it. Writes order.tagged. Raises NotFound, TooManyTags."""
    order = (await lock_orders(connection, [order_id])).get(order_id)
    if order is None:
        raise NotFound
    tags = await tags_on_order(connection, order_id)
    if tag in tags:
        return
    if len(tags) >= TAGS_MAX:
        raise TooManyTags(count=TAGS_MAX)
    await execute(connection, QUERIES["add_tag"], {"order_id": order_id, "tag": tag})
    await append_many(connection, [event_of("order.tagged", order, {"tag": tag}, staff_id=staff_id)])


async def remove_tag(connection: Connection, order_id: UUID, tag: str, *, staff_id: UUID) -> None:
    """Take a tag off an order; one that is not there is off already. Writes order.untagged."""
    order = (await lock_orders(connection, [order_id])).get(order_id)
    if order is None:
        raise NotFound
    if await value(connection, QUERIES["remove_tag"], {"order_id": order_id, "tag": tag}):
        await append_many(connection, [event_of("order.untagged", order, {"tag": tag}, staff_id=staff_id)])


async def tags_on_order(connection: Connection, order_id: UUID) -> Sequence[str]:
    return await values(connection, QUERIES["tags_on_order"], {"order_id": order_id})


async def tags_by_order(connection: Connection, order_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    by_order: dict[UUID, list[str]] = {id_: [] for id_ in order_ids}
    for order_id, tag in await tuples(connection, QUERIES["tags_by_order"], {"ids": list(order_ids)}):
        by_order[order_id].append(tag)
    return by_order


async def known_tags(connection: Connection) -> Sequence[str]:
    """Return the tags in use, the most used first."""
    return await values(connection, QUERIES["known_tags"], {"limit": 50})


async def notes_of(connection: Connection, order_id: UUID) -> list[OrderNote]:
    """Return the notes about an order, the newest first."""
    params = {"order_id": order_id, "limit": NOTES_SHOWN_MAX}
    return await rows(OrderNote, connection, QUERIES["notes_of"], params)


async def _note(
    connection: Connection,
    note_id: UUID,
    order_id: UUID,
    kind: str,
    text: str,
    staff_id: UUID,
    now: datetime,
) -> bool:
    params = {"id": note_id, "order_id": order_id, "kind": kind, "text": text, "staff_id": staff_id}
    return bool(await execute(connection, QUERIES["write_note"], {**params, "now": now}))
