"""Tickets and passes: what we signed opens, nothing else does."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.gate.tickets.draw import commitment, draw_key
from safar.gate.tickets.errors import TicketRefused
from safar.gate.tickets.model import Pass, Ticket
from safar.gate.tickets.seal import Seal
from safar.kernel.secrets import Vault

SEAL = Seal(Vault("only-for-tests"), "shop")
moments = st.integers(0, 2**42).map(lambda ms: datetime.fromtimestamp(ms / 1000, UTC))
tags = st.binary(min_size=8, max_size=8)
tickets = st.builds(Ticket, st.uuids(), st.integers(0, 2**63), st.integers(0, 2**32 - 1), moments, tags)


@given(tickets)
def test_a_ticket_comes_back_as_it_was(ticket: Ticket) -> None:
    text = SEAL.ticket_text(ticket)
    assert SEAL.ticket(text) == ticket
    assert len(text) <= 80


@given(st.builds(Pass, st.uuids(), moments, tags))
def test_a_pass_comes_back_as_it_was(entry_pass: Pass) -> None:
    assert SEAL.pass_(SEAL.pass_text(entry_pass)) == entry_pass


@given(tickets, st.integers(0, 10**6), st.text("abcdefgh0189-_", min_size=1, max_size=1))
def test_a_ticket_with_one_letter_changed_is_refused(ticket: Ticket, at: int, letter: str) -> None:
    text = SEAL.ticket_text(ticket)
    at %= len(text)
    forged = text[:at] + letter + text[at + 1 :]
    if forged != text:
        # The last letter of a base64 text may hold bits that mean nothing; the ticket is then the same one.
        try:
            assert SEAL.ticket(forged) == ticket
            assert at == len(text) - 1
        except TicketRefused:
            pass


@given(st.one_of(st.text(), st.binary().map(lambda data: data.decode("latin-1"))))
def test_anything_else_is_refused(text: str) -> None:
    for opened in (SEAL.ticket, SEAL.pass_):
        with pytest.raises(TicketRefused):
            opened(text)


def test_a_ticket_of_another_site_another_installation_or_another_kind_is_refused() -> None:
    ticket = Ticket(UUID(int=1), 5, 5, datetime(2026, 11, 1, tzinfo=UTC))
    entry_pass = Pass(UUID(int=1), datetime(2026, 11, 1, tzinfo=UTC))
    foreign = [
        Seal(Vault("only-for-tests"), "outlet").ticket_text(ticket),
        Seal(Vault("another secret"), "shop").ticket_text(ticket),
        SEAL.pass_text(entry_pass),
    ]
    for text in foreign:
        with pytest.raises(TicketRefused):
            SEAL.ticket(text)
    with pytest.raises(TicketRefused):
        SEAL.pass_(SEAL.ticket_text(ticket))


@pytest.mark.finding("security-low-keys")
def test_what_was_signed_before_the_keys_changed_is_good_and_new_things_are_signed_with_the_first() -> None:
    before, both, after = (
        Seal(Vault(*ring), "shop") for ring in (["old secret"], ["new", "old secret"], ["new"])
    )
    moment = datetime(2026, 11, 1, tzinfo=UTC)
    ticket, entry_pass = Ticket(UUID(int=1), 5, 5, moment, b"t" * 8), Pass(UUID(int=1), moment, b"t" * 8)
    assert both.ticket(before.ticket_text(ticket)) == ticket
    assert both.pass_(before.pass_text(entry_pass)) == entry_pass
    assert both.handover(before.handover_text(entry_pass, moment)) == (entry_pass, moment)
    assert both.patience(before.patience_text(moment, b"t" * 8)) == (moment, b"t" * 8)
    assert after.ticket(both.ticket_text(ticket)) == ticket
    assert both.outside_tags("Firefox", "net") == [
        *after.outside_tags("Firefox", "net"),
        *before.outside_tags("Firefox", "net"),
    ]
    with pytest.raises(TicketRefused):
        after.ticket(before.ticket_text(ticket))


@pytest.mark.finding("security-low-keys")
def test_a_draw_keeps_the_key_that_was_committed_to_when_the_keys_change() -> None:
    opening_id = UUID(int=7)
    key = draw_key(Vault("old secret"), opening_id)
    both = Vault("new", "old secret")
    assert draw_key(both, opening_id, commitment(key)) == key
    assert draw_key(both, opening_id) == draw_key(Vault("new"), opening_id) != key
