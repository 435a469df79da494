"""Who may stay and how much is held: without I/O."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.channels.mail_limits import Callers, MailConnection, Quotas
from safar.channels.smtp_in import IncomingMail

pytestmark = pytest.mark.finding("security-9")


class Told(list[str]):
    """What a caller was told when it had to go."""


def caller(network: str = "192.0.2.1") -> tuple[MailConnection, Told]:
    told = Told()
    return MailConnection(network, told.append), told


def test_the_quietest_goes_when_there_is_no_room() -> None:
    callers = Callers(connections_max=2, per_network_max=2)
    (quiet, told), (busy, told_busy), (comes, _told) = caller(), caller(), caller("192.0.2.9")
    assert callers.enter(quiet, 0.0) is None
    assert callers.enter(busy, 0.0) is None
    busy.heard_at = 9.0
    assert callers.enter(comes, 10.0) is None
    assert [told, told_busy] == [["421 4.4.2 Others wait, and nothing was said here"], []]
    refused = caller("192.0.2.10")[0]
    assert callers.enter(refused, 11.0) is not None
    callers.leave(refused)
    callers.leave(quiet)
    assert callers.enter(caller()[0], 11.0) is not None, "leaving twice makes no room"


def test_one_network_does_not_take_the_room_of_others() -> None:
    callers = Callers(connections_max=100, per_network_max=3)
    for _ in range(3):
        assert callers.enter(caller()[0], 0.0) is None
    assert callers.enter(caller()[0], 1.0) is not None
    assert callers.enter(caller("192.0.2.2")[0], 1.0) is None


def test_who_is_being_committed_stays() -> None:
    callers = Callers(connections_max=9, per_network_max=9, held_max=100)
    (first, told), (second, told_second) = caller(), caller()
    for entering in (first, second):
        callers.enter(entering, 0.0)
    callers.hold(first, 90, 0.0)
    first.committing = True
    callers.hold(second, 20, 0.0)
    assert (told, len(told_second)) == ([], 1)
    assert callers.held_bytes == 90
    callers.leave(first)
    assert callers.held_bytes == 0


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 60)), max_size=60))
def test_what_is_held_never_exceeds_the_budget_but_by_mails_that_are_here(
    steps: list[tuple[int, int]],
) -> None:
    callers = Callers(connections_max=9, per_network_max=9, held_max=100)
    all_callers = [caller()[0] for _ in range(5)]
    for entering in all_callers:
        callers.enter(entering, 0.0)
    for who, size in steps:
        if all_callers[who] in callers._callers:
            callers.hold(all_callers[who], size, 1.0)
        assert callers.held_bytes <= 100
        assert callers.held_bytes == sum(one.held_bytes for one in all_callers)


def test_a_quota_counts_bytes_and_comes_back_over_the_hour() -> None:
    quotas = Quotas(10)
    quotas.charge("a", 950_000, 0.0)
    assert not quotas.has_room("a", 0.0)
    assert quotas.has_room("b", 0.0)
    assert quotas.has_room("a", 361.0)
    for number in range(20_000):
        quotas.charge(str(number), 1, 0.0)
    assert len(quotas._used) == 10_000


@given(st.lists(st.sampled_from([b"\r", b"\n", b".", b"a", b"\r\n"]), max_size=12), st.integers(1, 5))
def test_a_mail_ends_at_its_dot_however_it_is_cut(pieces: list[bytes], size: int) -> None:
    body = b"".join(pieces)
    sent = body + b"\r\n.\r\nQUIT\r\n"
    mail = IncomingMail(1000)
    rest = None
    at = 0
    while rest is None:
        rest = mail.take(sent[at : at + size])
        at += size
    whole = b"\r\n" + sent
    end = whole.index(b"\r\n.\r\n")
    assert mail.content() == (whole[: end + 2].replace(b"\r\n..", b"\r\n."))[2:]
    assert rest + sent[at:] == whole[end + 5 :]


def test_a_mail_that_is_too_large_is_not_kept() -> None:
    mail = IncomingMail(1000)
    for _ in range(100):
        assert mail.take(b"x" * 500) is None
        assert len(mail._buffer) < 2_000
    assert mail.take(b"\r\n.\r\n") == b""
    assert mail.too_large
