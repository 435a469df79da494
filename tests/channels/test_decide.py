"""What the answer of a mail server means, and when it is asked again."""

from datetime import UTC, datetime, timedelta

import pytest

from safar.channels.decide import address_is_gone, failed_for_now, refused_attempt, retry_pause_s, server_away
from safar.channels.model import End, SendAttempt
from safar.kernel.ids import derived_id

ID = derived_id("mail")
AT = datetime(2026, 11, 22, tzinfo=UTC)


def test_the_pauses_double_from_five_seconds_to_half_an_hour() -> None:
    assert [retry_pause_s(tries) for tries in (0, 1, 2, 3, 9, 10, 1000)] == [
        5,
        5,
        10,
        20,
        1280,
        1800,
        1800,
    ]


@pytest.mark.parametrize(
    ("code", "end"),
    [(499, End.AGAIN), (500, End.FAILED), (550, End.FAILED), (599, End.FAILED), (600, End.AGAIN)],
)
def test_an_answer_of_five_hundred_and_something_is_final(code: int, end: End) -> None:
    attempt = refused_attempt(ID, 2, code, "no")
    assert (attempt.end, attempt.code, attempt.reason) == (end, f"smtp_{code}", f"{code} no")
    assert attempt.pause_s == (10 if end is End.AGAIN else 0)


def test_a_long_reason_is_cut_at_three_hundred_letters() -> None:
    assert refused_attempt(ID, 1, 550, "x" * 400).reason == "550 " + "x" * 296
    assert failed_for_now(ID, 1, "timeout", "x" * 400).reason == "x" * 300
    assert server_away(ID, 1, AT, AT, "x" * 400).reason == "x" * 300


def test_sixteen_tries_are_enough() -> None:
    assert failed_for_now(ID, 15, "timeout", "slow") == SendAttempt(
        ID, 15, End.AGAIN, "timeout", "slow", 1800
    )
    given_up = failed_for_now(ID, 16, "timeout", "slow")
    assert given_up == SendAttempt(ID, 16, End.FAILED, "timeout", "given up after 16 attempts: slow")


def test_a_server_that_is_away_for_two_days_fails_its_mails() -> None:
    waits = server_away(ID, 3, AT, AT + timedelta(hours=48), "down")
    assert waits == SendAttempt(ID, 3, End.AGAIN, "server_away", "down", 0.0, counted=False)
    assert server_away(ID, 3, AT, AT + timedelta(hours=48, seconds=1), "down").end is End.FAILED


@pytest.mark.parametrize(
    ("code", "reason", "gone"),
    [
        ("smtp_550", "550 5.1.1 no such user", True), ("smtp_550", "5.2.1 disabled", True),
        ("smtp_550", "5.2.2 full", False), ("smtp_550", "5.7.1 policy", False), ("smtp_550", None, True),
        ("smtp_551", "moved", True), ("smtp_553", "bad name", True), ("smtp_552", "too large", False),
        (None, None, False), (None, "5.1.10 null MX", True), ("smtp_554", "5.3.1 full", False),
    ],
)  # fmt: skip
def test_an_address_is_gone_when_the_server_says_so_of_the_mailbox(
    code: str | None, reason: str | None, gone: bool
) -> None:
    assert address_is_gone(code, reason) is gone
