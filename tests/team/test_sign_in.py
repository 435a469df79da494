"""Only staff get in, with their own password, and everything else ends at the door."""

import asyncio
import threading
from datetime import timedelta

import httpx
import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from safar.console.build import build_console
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import execute, value
from safar.kernel.errors import Overloaded, TooManyAttempts
from safar.kernel.ids import new_id
from safar.team import actions as team
from safar.team import attempts, passwords
from safar.team.actions import first_owner
from safar.team.errors import OneTimePasswordEnded, WrongSignIn
from safar.team.jobs import sweep
from safar.team.layer import COOKIE
from tests.stage.people import session_cookie, signed_in, staff_member
from tests.stage.serving import Serve

OWNER = "owner@shop.example"
OWN = "a sentence that is mine"


@pytest.fixture
async def base(context: Context, serve: Serve) -> str:
    return await serve(build_console(context))


@pytest.fixture
async def one_time(context: Context) -> str:
    async with context.database.transaction() as connection:
        password = await first_owner(connection, OWNER)
    assert password is not None
    return password


def client_of(base: str, **headers: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=base, headers=headers, follow_redirects=False, timeout=60)


async def sign_in(client: httpx.AsyncClient, password: str, email: str = OWNER) -> httpx.Response:
    return await client.post("/sign-in?next=/customers", data={"email": email, "password": password})


async def test_the_first_owner_is_made_once_with_a_password_of_one_use(context: Context) -> None:
    async def found() -> str | None:
        async with context.database.transaction() as connection:
            return await first_owner(connection, OWNER)

    passwords = await asyncio.gather(found(), found(), found())
    assert sum(password is not None for password in passwords) == 1


async def test_the_first_sign_in_leads_through_a_new_password(base: str, one_time: str) -> None:
    async with client_of(base) as client:
        answer = await sign_in(client, one_time)
        assert (answer.status_code, answer.headers["location"]) == (303, "/password?next=/customers")
        assert (await client.get("/")).headers["location"] == "/password"
        assert (await client.get("/customers")).headers["location"] == "/password?next=/customers"
        assert (await client.get("/customers", headers={"accept": "application/json"})).status_code == 403
        form = await client.get("/password")
        assert "one-time password" in form.text
        assert 'href="/customers"' not in form.text
        before = client.cookies[COOKIE]
        wrong = await client.post("/password", data={"old": "x" * 12, "new": OWN, "again": OWN})
        assert wrong.status_code == 422
        for new, again in (("short", "short"), (one_time, one_time), (OWN, OWN + "!")):
            refused = await client.post("/password", data={"old": one_time, "new": new, "again": again})
            assert refused.status_code == 422
        # Who has just shown the one-time password is not asked for it again.
        changed = await client.post("/password?next=/orders", data={"new": OWN, "again": OWN})
        assert (changed.status_code, changed.headers["location"]) == (303, "/orders")
        later = await client.post("/password", data={"new": OWN + "2", "again": OWN + "2"})
        assert later.status_code == 422
        assert client.cookies[COOKIE] != before
        assert (await client.get("/")).status_code == 200
    async with client_of(base) as client:
        assert (await sign_in(client, one_time)).status_code == 401
        answer = await sign_in(client, OWN)
        assert (answer.status_code, answer.headers["location"]) == (303, "/customers")


async def test_the_cookie_is_for_this_site_and_for_no_script(base: str, one_time: str) -> None:
    async with client_of(base) as client:
        cookie = (await sign_in(client, one_time)).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Max-Age=43200" in cookie


async def test_wrong_password_and_unknown_address_get_the_same_answer(base: str, one_time: str) -> None:
    async with client_of(base) as client:
        wrong = await sign_in(client, "not the password")
        unknown = await sign_in(client, "not the password", "nobody@shop.example")
    assert wrong.status_code == unknown.status_code == 401
    assert COOKIE not in client.cookies
    assert wrong.text.replace(OWNER, "?") == unknown.text.replace("nobody@shop.example", "?")
    assert "The address or the password is wrong" in wrong.text


async def test_missing_and_malformed_fields_are_marked(base: str) -> None:
    async with client_of(base) as client:
        answer = await client.post("/sign-in", data={"email": "<script>alert(1)</script>", "password": ""})
    assert answer.status_code == 422
    assert answer.text.count('aria-invalid="true"') == 2
    assert "<script>alert" not in answer.text


async def test_after_too_many_wrong_tries_even_the_right_password_waits(
    base: str, context: Context, one_time: str
) -> None:
    attempts_max = context.settings.sign_in_attempts_max
    async with client_of(base) as client:
        answers = await asyncio.gather(*(sign_in(client, "wrong") for _ in range(attempts_max + 4)))
        assert sorted(answer.status_code for answer in answers) == [401] * attempts_max + [429] * 4
        assert (await sign_in(client, one_time)).status_code == 429
        # From the same network another address is refused too.
        assert (await sign_in(client, one_time, "other@shop.example")).status_code == 429
        async with context.database.connection() as connection:
            await execute(
                connection,
                "UPDATE staff_sign_in_failures SET failed_at = failed_at - interval '15 minutes'",
            )
        assert (await sign_in(client, one_time)).status_code == 303


async def test_signing_in_rightly_is_never_paused(base: str, context: Context, one_time: str) -> None:
    async with client_of(base) as client:
        for _turn in range(context.settings.sign_in_attempts_max + 1):
            assert (await sign_in(client, one_time)).status_code == 303


async def test_signing_in_ends_the_session_the_browser_had(
    base: str, context: Context, one_time: str
) -> None:
    async with client_of(base) as client:
        await sign_in(client, one_time)
        first = client.cookies[COOKIE]
        await sign_in(client, one_time)
        assert client.cookies[COOKIE] != first
    async with client_of(base, cookie=f"{COOKIE}={first}") as client:
        assert (await client.get("/password")).status_code == 303
    async with context.database.connection() as connection:
        assert await value(connection, "SELECT count(*) FROM staff_sessions") == 1


@pytest.mark.parametrize("cookie", ["", "forged", "a" * 5000, "'; DROP TABLE staff; --", "<b>"])
async def test_a_forged_session_opens_nothing(base: str, cookie: str) -> None:
    async with client_of(base, cookie=f"{COOKIE}={cookie}") as client:
        answer = await client.get("/customers?q=anna")
        assert answer.status_code == 303
        assert answer.headers["location"] == "/sign-in?next=/customers%3Fq%3Danna"
        assert (await client.get("/", headers={"accept": "application/json"})).status_code == 401
        assert (await client.get("/today/stream", headers={"accept": "text/event-stream"})).status_code == 401
        part = await client.get("/customers", headers={"hx-request": "true"})
        assert (part.status_code, part.headers["hx-redirect"]) == (401, "/sign-in?next=/")
        assert (await client.post("/sign-out")).headers["location"] == "/sign-in?next=/"


async def test_open_without_signing_in_are_only_the_door_and_its_furniture(base: str) -> None:
    async with client_of(base) as client:
        page = await client.get("/sign-in")
        assert page.status_code == 200
        style = page.text.partition('rel="stylesheet" href="')[2].partition('"')[0]
        assert (await client.get(style)).status_code == 200
        assert (await client.get("/health")).text == "ok"
        for path in ("/", "/staff", "/audit", "/customers", "/nowhere", "/sign-in/x", "/health/../staff"):
            assert (await client.get(path)).status_code == 303


async def test_an_expired_session_is_over_and_swept(base: str, context: Context) -> None:
    owner = await staff_member(context)
    token = await session_cookie(context, owner, hours=-0.01)
    async with client_of(base, cookie=f"{COOKIE}={token}") as client:
        assert (await client.get("/")).status_code == 303
    await session_cookie(context, owner, hours=1)
    await sweep(context)
    async with context.database.connection() as connection:
        assert await value(connection, "SELECT count(*) FROM staff_sessions") == 1


async def test_attempts_that_no_longer_count_are_swept(base: str, context: Context) -> None:
    async with client_of(base) as client:
        await sign_in(client, "wrong")
    with clock.held(clock.now() + timedelta(minutes=16)):
        await sweep(context)
    async with context.database.connection() as connection:
        assert await value(connection, "SELECT count(*) FROM staff_sign_in_failures") == 0


async def test_signing_out_ends_the_session_for_good(base: str, context: Context) -> None:
    async with await signed_in(context, base) as client:
        token = client.cookies[COOKIE]
        assert (await client.post("/sign-out")).headers["location"] == "/sign-in"
    async with client_of(base, cookie=f"{COOKIE}={token}") as client:
        assert (await client.get("/")).status_code == 303


async def test_after_signing_in_nobody_is_sent_elsewhere(base: str, one_time: str) -> None:
    async with client_of(base) as client:
        await sign_in(client, one_time)
        await client.post("/password", data={"old": one_time, "new": OWN, "again": OWN})
        for target in ("https://evil.example", "//evil.example", "/\\evil.example", "/sign-out"):
            answer = await client.get("/sign-in", params={"next": target})
            assert (answer.status_code, answer.headers["location"]) == (303, "/")


async def test_the_console_answers_while_passwords_are_checked(
    base: str, one_time: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every password check hangs until the console has answered: on its event loop it never would."""
    answered = threading.Event()

    def hang(_hash: str, _password: str) -> bool:
        return not answered.wait(timeout=60)

    monkeypatch.setattr(passwords, "_verify", hang)
    async with client_of(base) as client, client_of(base) as other:
        checking = [asyncio.create_task(sign_in(client, "wrong")) for _ in range(4)]
        try:
            assert (await other.get("/health")).status_code == 200
            assert not any(task.done() for task in checking)
        finally:
            answered.set()
            answers = await asyncio.gather(*checking)
    assert {answer.status_code for answer in answers} == {401}


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that tries were made to wait, which pass at once."""
    seconds: list[float] = []

    async def wait(pause_s: float) -> None:
        seconds.append(pause_s)

    monkeypatch.setattr(attempts, "wait", wait)
    return seconds


@pytest.mark.finding("security-23")
async def test_what_others_try_elsewhere_keeps_nobody_out_but_each_try_waits_longer(
    context: Context, one_time: str, waited: list[float]
) -> None:
    free = context.settings.sign_in_attempts_max
    device = (await team.sign_in(context, OWNER, one_time, network="203.0.113.7")).device
    for number in range(free + 7):
        with pytest.raises(WrongSignIn):
            await team.sign_in(context, OWNER, "wrong", network=f"198.51.100.{number}")
    assert waited == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]
    assert (await team.sign_in(context, OWNER, one_time, network="203.0.113.8")).token
    assert waited[7:] == [8.0], "a browser nobody knows waits, and comes in"
    assert (await team.sign_in(context, OWNER, one_time, network="203.0.113.7", device=device)).token
    with pytest.raises(WrongSignIn):
        await team.sign_in(context, "other@shop.example", "wrong", network="198.51.100.1")
    assert len(waited) == 8, "neither the known browser nor another account waits"
    with (
        clock.held(clock.now() + timedelta(minutes=attempts.WINDOW_MINUTES, seconds=1)),
        pytest.raises(WrongSignIn),
    ):
        await team.sign_in(context, OWNER, "wrong", network="198.51.100.1")
    assert len(waited) == 8


@pytest.mark.finding("security-23")
@given(failures=st.integers(0, 10**6), free=st.integers(1, 100))
def test_a_pause_begins_after_the_free_tries_never_shrinks_and_has_an_end(failures: int, free: int) -> None:
    pause_s = attempts.pause_after(failures, free)
    assert (pause_s == 0) == (failures < free)
    assert pause_s <= attempts.pause_after(failures + 1, free) <= attempts.PAUSE_S_MAX


@pytest.mark.finding("security-23")
async def test_only_so_many_tries_wait_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    over = asyncio.Event()

    async def wait(_pause_s: float) -> None:
        await over.wait()

    monkeypatch.setattr(attempts, "wait", wait)
    monkeypatch.setattr(attempts, "PAUSING_MAX", 2)
    tries = [attempts.SignInAttempt("x", [new_id()], 1.0) for _try in range(3)]
    waiting = [asyncio.create_task(attempts.wait_before_try(one)) for one in tries[:2]]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await attempts.wait_before_try(tries[2])
    over.set()
    await asyncio.gather(*waiting)
    await attempts.wait_before_try(tries[2])


@pytest.mark.finding("security-23")
async def test_a_browser_that_signed_in_before_is_not_kept_out_by_its_own_network(
    context: Context, one_time: str
) -> None:
    device = (await team.sign_in(context, OWNER, one_time, network="203.0.113.7")).device
    for _try in range(context.settings.sign_in_attempts_max):
        with pytest.raises(WrongSignIn):
            await team.sign_in(context, OWNER, "wrong", network="203.0.113.7")
    with pytest.raises(TooManyAttempts):
        await team.sign_in(context, OWNER, one_time, network="203.0.113.7")
    assert (await team.sign_in(context, OWNER, one_time, network="203.0.113.7", device=device)).token
    for forged in (device[:-2], "x", context.vault.sign("staff device", ["other@shop.example", "x"])):
        with pytest.raises(TooManyAttempts):
            await team.sign_in(context, OWNER, one_time, network="203.0.113.7", device=forged)
    for _try in range(context.settings.sign_in_attempts_max):  # nor may it guess for ever
        with pytest.raises(WrongSignIn):
            await team.sign_in(context, OWNER, "wrong", network="203.0.113.7", device=device)
    with pytest.raises(TooManyAttempts):
        await team.sign_in(context, OWNER, one_time, network="203.0.113.7", device=device)


@pytest.mark.finding("security-23")
async def test_ipv6_counts_by_network_and_failures_are_marked_with_it(context: Context) -> None:
    for number in range(context.settings.sign_in_attempts_max):
        with pytest.raises(WrongSignIn):
            await team.sign_in(context, f"{number}@shop.example", "wrong", network=f"2001:db8::{number:x}")
    with pytest.raises(TooManyAttempts):
        await team.sign_in(context, "new@shop.example", "wrong", network="2001:db8::ffff")
    with pytest.raises(WrongSignIn):
        await team.sign_in(context, "new@shop.example", "wrong", network="2001:db8:0:1::1")
    async with context.database.connection() as connection:
        marks = await value(
            connection,
            "SELECT array_agg(DISTINCT properties ->> 'network') FROM journal_events"
            " WHERE name = 'staff.sign_in_failed'",
        )
    assert len(marks) == 2
    assert not any(mark is None or ":" in mark for mark in marks)


@pytest.mark.finding("security-23")
async def test_a_one_time_password_ends_after_a_day(context: Context, one_time: str) -> None:
    with clock.held(clock.now() + timedelta(hours=23)):
        assert (await team.sign_in(context, OWNER, one_time, network="203.0.113.7")).must_change_password
    with clock.held(clock.now() + timedelta(hours=25)), pytest.raises(OneTimePasswordEnded):
        await team.sign_in(context, OWNER, one_time, network="203.0.113.7")


def test_a_password_costs_whoever_has_stolen_its_hash_what_rfc_9106_recommends(
    own_hasher: PasswordHasher,
) -> None:
    assert own_hasher.hash("a password").startswith("$argon2id$v=19$m=65536,t=3,p=4$")
