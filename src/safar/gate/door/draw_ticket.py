"""A ticket of the draw: its lot, its number once the draw gives one, and what makes that checkable."""

from dataclasses import dataclass, replace

from safar.gate.door.board import Room
from safar.gate.line.visits import number_many
from safar.gate.tickets.draw import commitment, draw_key, lot
from safar.gate.tickets.errors import TicketExpired
from safar.gate.tickets.model import Site, Ticket
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.i18n import number


@dataclass(frozen=True, slots=True)
class Checkable:
    """What anybody can check: the commitment; after the opening the key too, and this visitor's lot."""

    hash: str
    client: str
    joined: str
    key: str | None = None
    share: str | None = None
    expected: str | None = None
    rank: str | None = None


async def drawn_ticket(context: Context, room: Room, ticket: Ticket) -> Ticket | None:
    """Return the ticket with its number, once the draw has given it: the one look at the database.

    Raises TicketExpired when the draw knows nothing of it.
    """
    site = room.site
    if site is None or site.drawn_at is None:
        return None
    if site.drawn < site.joined and share_of(context, site, ticket) * site.joined > site.drawn:
        return None  # not yet its turn: no need to look
    drawn = await context.batched(number_many, ticket.visit_id)
    if drawn is None:
        raise TicketExpired
    if not drawn:
        return None
    return replace(ticket, number=drawn, ahead=max(0, drawn - site.called), issued_at=clock.now())


def share_of(context: Context, site: Site, ticket: Ticket) -> float:
    """Return u of the ticket's lot, 0 to 1."""
    if site.opening_id is None:
        return 0.0
    return lot(
        draw_key(context.vault, site.opening_id, site.draw_hash), site.opening_id, ticket.visit_id
    ).share


def checkable(context: Context, room: Room, ticket: Ticket) -> Checkable | None:
    """Return how this ticket's draw can be checked; None for one that took part in none."""
    site = room.site
    if site is None or site.opening_id is None or site.draw_hash is None:
        return None
    if ticket.number and not site.draw_base < ticket.number <= site.draw_base + site.joined:
        return None  # came after the opening
    key = draw_key(context.vault, site.opening_id, site.draw_hash)
    known = Checkable(site.draw_hash, ticket.visit_id.hex, number(site.joined))
    if site.drawn_at is None or commitment(key) != site.draw_hash:
        return known
    share = lot(key, site.opening_id, ticket.visit_id).share
    return replace(
        known,
        key=key.hex(),
        share=f"{share:.9f}",
        expected=number(round(share * site.joined) + 1),
        rank=number(ticket.number - site.draw_base) if ticket.number else None,
    )
