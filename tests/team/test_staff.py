"""Owners manage the staff; nobody can lock everybody out, and what ends, ends at once."""

import asyncio
import re
from dataclasses import replace

import httpx
import pytest

from safar.console.build import build_console
from safar.kernel.context import Context
from safar.kernel.database import value
from safar.team.actions import disable
from safar.team.errors import LastOwner
from safar.team.layer import COOKIE
from tests.stage.people import session_cookie, signed_in, staff_member
from tests.stage.serving import Serve

ANNA = {"name": "Anna <b>", "email": "anna@shop.example", "role": "agent"}


@pytest.fixture
async def base(context: Context, serve: Serve) -> str:
    return await serve(build_console(context))


def shown_password(page: str) -> str | None:
    found = re.search(r'id="one-time-password">([^<]+)<', page)
    return found and found[1]


async def test_somebody_invited_signs_in_once_with_the_password_shown_once(
    base: str, context: Context
) -> None:
    async with await signed_in(context, base) as owner:
        answer = await owner.post("/staff", data=ANNA)
        password = shown_password(answer.text)
        assert password
        assert "Anna &lt;b&gt;" in answer.text
        assert password not in (await owner.get("/staff")).text
    async with httpx.AsyncClient(base_url=base) as anna:
        answer = await anna.post("/sign-in", data={"email": "anna@shop.example", "password": password})
        assert answer.headers["location"] == "/password"


async def test_an_address_is_staff_once(base: str, context: Context) -> None:
    async with await signed_in(context, base) as owner:
        first, second = await asyncio.gather(*(owner.post("/staff", data=ANNA) for _ in range(2)))
        assert sorted((first.status_code, second.status_code)) == [200, 409]


async def test_bad_invitations_are_marked_and_write_nothing(base: str, context: Context) -> None:
    async with await signed_in(context, base) as owner:
        for bad in ({"email": "anna"}, {"name": ""}, {"role": "emperor"}, {"name": "x" * 101}):
            answer = await owner.post("/staff", data={**ANNA, **bad})
            assert answer.status_code == 422
            assert 'aria-invalid="true"' in answer.text
    async with context.database.connection() as connection:
        assert await value(connection, "SELECT count(*) FROM staff") == 1


@pytest.mark.parametrize(
    ("role", "staff", "audit"), [("agent", 403, 403), ("manager", 403, 200), ("owner", 200, 200)]
)
async def test_each_role_sees_and_opens_what_it_may(
    base: str, context: Context, role: str, staff: int, audit: int
) -> None:
    async with await signed_in(context, base, role) as client:
        home = (await client.get("/")).text
        assert (await client.get("/staff")).status_code == staff
        assert ('href="/staff"' in home) == (staff == 200)
        assert (await client.get("/audit")).status_code == audit
        assert ('href="/audit"' in home) == (audit == 200)
        assert (await client.post("/staff", data=ANNA)).status_code == staff
        assert (await client.get("/customers")).status_code == 200


async def test_whoever_is_disabled_is_out_everywhere_at_once(base: str, context: Context) -> None:
    anna = await staff_member(context, "agent", "Anna")
    tokens = [await session_cookie(context, anna) for _ in range(2)]
    async with await signed_in(context, base) as owner:
        answer = await owner.post(f"/staff/{anna.id}/disable")
        assert answer.status_code == 303
        for token in tokens:
            headers = {"cookie": f"{COOKIE}={token}"}
            async with httpx.AsyncClient(base_url=base, headers=headers) as client:
                assert (await client.get("/")).status_code == 303
        again = await owner.post(f"/staff/{anna.id}/renew")
        assert shown_password(again.text)


async def test_a_new_one_time_password_ends_the_sessions(base: str, context: Context) -> None:
    anna = await staff_member(context, "agent", "Anna")
    token = await session_cookie(context, anna)
    async with await signed_in(context, base) as owner:
        assert shown_password((await owner.post(f"/staff/{anna.id}/renew")).text)
    async with httpx.AsyncClient(base_url=base, headers={"cookie": f"{COOKIE}={token}"}) as client:
        assert (await client.get("/")).status_code == 303


async def test_changing_the_password_signs_out_everywhere_else(base: str, context: Context) -> None:
    async with await signed_in(context, base) as owner:
        password = shown_password((await owner.post("/staff", data=ANNA)).text)
    sign_in = {"email": ANNA["email"], "password": password}
    async with httpx.AsyncClient(base_url=base) as here, httpx.AsyncClient(base_url=base) as there:
        await here.post("/sign-in", data=sign_in)
        await there.post("/sign-in", data=sign_in)
        new = "my very own sentence"
        await here.post("/password", data={"old": password, "new": new, "again": new})
        assert (await here.get("/")).status_code == 200
        assert (await there.get("/")).headers["location"].startswith("/sign-in")


async def test_the_last_owner_cannot_be_disabled(base: str, context: Context) -> None:
    me = await staff_member(context)
    headers = {"cookie": f"{COOKIE}={await session_cookie(context, me)}"}
    async with httpx.AsyncClient(base_url=base, headers=headers) as client:
        answer = await client.post(f"/staff/{me.id}/disable")
        assert answer.status_code == 409
        assert "only owner" in answer.text
        assert (await client.get("/")).status_code == 200


async def test_two_owners_who_disable_each_other_do_not_both_succeed(context: Context) -> None:
    first, second = await staff_member(context), await staff_member(context)

    async def end(actor: object, target: object) -> None:
        async with context.database.transaction() as connection:
            await disable(connection, actor=actor, staff_id=target.id)  # type: ignore[arg-type,attr-defined]

    outcomes = await asyncio.gather(end(first, second), end(second, first), return_exceptions=True)
    assert sum(isinstance(outcome, LastOwner) for outcome in outcomes) == 1
    async with context.database.connection() as connection:
        assert await value(connection, "SELECT count(*) FROM staff WHERE disabled_at IS NULL") == 1


async def test_unknown_people_are_not_found(base: str, context: Context) -> None:
    async with await signed_in(context, base) as owner:
        for path in ("/staff/nobody/disable", f"/staff/{'0' * 32}/renew", f"/staff/{'0' * 32}/disable"):
            assert (await owner.post(path)).status_code == 404


async def test_everything_that_staff_did_is_in_the_audit_log(base: str, context: Context) -> None:
    anna = await staff_member(context, "agent", "Anna")
    async with await signed_in(context, base) as owner:
        await owner.post(f"/staff/{anna.id}/disable")
        await owner.post(f"/staff/{anna.id}/renew")
        await owner.post("/staff", data={**ANNA, "role": "manager"})
        log = (await owner.get("/audit")).text
    positions = [
        log.index(text)
        for text in ("Invited somebody as manager", "Restored somebody’s access", "Ended somebody’s access")
    ]
    assert positions == sorted(positions)
    assert "Sara Owner" in log
    assert "Anna" in log


@pytest.mark.finding("security-14")
async def test_an_owner_sees_from_which_address_safar_sees_them_come(context: Context, serve: Serve) -> None:
    trusting = replace(context, settings=context.settings.model_copy(update={"proxies_trusted": 1}))
    base = await serve(build_console(trusting))
    async with await signed_in(context, base) as client:
        answer = await client.get("/staff", headers={"x-forwarded-for": "6.6.6.6, 203.0.113.7"})
    assert '<code dir="ltr" id="seen-address">203.0.113.7</code>' in answer.text
