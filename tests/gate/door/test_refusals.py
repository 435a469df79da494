"""What the gate does with tickets and passes that are false, foreign or old, and with odd requests."""

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from safar.gate.tickets.model import SHOP, Pass
from safar.gate.tickets.seal import Seal
from safar.kernel import clock
from safar.kernel.i18n import number, speaking
from safar.kernel.ids import new_id
from safar.kernel.secrets import Vault
from tests.stage.gate import OpenShop, Shop, with_cookies


def seal_of(shop: Shop) -> Seal:
    return Seal(shop.context.vault, SHOP)


async def waiting_visitor(shop: Shop) -> httpx.AsyncClient:
    await shop.visitor().get("/p/tea")
    waiting = shop.visitor()
    await waiting.get("/p/tea")
    return waiting


@pytest.mark.parametrize("cookie", ["pass", "ticket"])
@pytest.mark.parametrize("language", ["en", "fa"])
async def test_a_false_ticket_or_pass_is_refused_with_a_page_and_set_aside(
    open_shop: OpenShop, cookie: str, language: str
) -> None:
    shop = await open_shop(5)
    foreign = Seal(Vault("another secret"), SHOP).pass_text(Pass(new_id(), clock.now() + timedelta(hours=1)))
    for false in ("x" * 70, foreign, "../../etc/passwd", "' OR 1=1 --", "%F0%9F%94%91"):
        answer = await shop.visitor(**{"accept-language": language}).get(
            "/p/tea", headers={"cookie": f'{cookie}="{false}"'}
        )
        assert answer.status_code == 403
        assert f'lang="{language}"' in answer.text
        assert 'href="/"' in answer.text
        assert f"{cookie}=; Max-Age=0" in answer.headers["set-cookie"]
    assert (await shop.figures()).inside == 0
    program = await shop.visitor(accept="application/json").get("/p/tea", headers={"cookie": f"{cookie}=x"})
    assert (program.status_code, program.json()["error"]) == (403, "ticket_refused")


async def test_a_false_ticket_is_refused_in_the_waiting_room_too(open_shop: OpenShop) -> None:
    shop = await open_shop(1)
    visitor = shop.visitor(cookie="ticket=forged")
    page = await visitor.get("/wait")
    assert page.status_code == 403
    assert "ticket=; Max-Age=0" in page.headers["set-cookie"]
    poll = await visitor.get("/wait/poll")
    assert (poll.status_code, poll.json()["error"]) == (403, "ticket_refused")


async def test_a_ticket_of_yesterday_is_expired(open_shop: OpenShop) -> None:
    shop = await open_shop(1)
    waiting = await waiting_visitor(shop)
    ticket = seal_of(shop).ticket(waiting.cookies["ticket"])
    old = seal_of(shop).ticket_text(replace(ticket, issued_at=clock.now() - timedelta(hours=25)))
    for path in ("/p/tea", "/wait", "/wait/poll"):
        answer = await shop.visitor(cookie=with_cookies(waiting, ticket=old)).get(path)
        assert answer.status_code == 410


async def test_an_expired_pass_goes_back_to_the_gate(open_shop: OpenShop) -> None:
    shop = await open_shop(1)
    visitor = shop.visitor()
    await visitor.get("/p/tea")
    entry_pass = seal_of(shop).pass_(visitor.cookies["pass"])
    await shop.let_out(visitor)
    await shop.visitor().get("/p/tea")  # another takes the place
    expired = seal_of(shop).pass_text(replace(entry_pass, expires_at=clock.now() - timedelta(seconds=1)))
    browser = with_cookies(visitor, **{"pass": expired})
    answer = await shop.visitor(cookie=browser).get("/p/tea")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/wait?")


async def test_a_pass_past_half_of_its_life_is_renewed_with_its_hold(open_shop: OpenShop) -> None:
    shop = await open_shop(1)
    visitor = shop.visitor()
    await visitor.get("/p/tea")
    entry_pass = seal_of(shop).pass_(visitor.cookies["pass"])
    soon = clock.now() + timedelta(minutes=1)
    async with shop.context.database.transaction() as connection:
        await connection.execute("UPDATE capacity_holds SET expires_at = %(at)s", {"at": soon})
    old = seal_of(shop).pass_text(replace(entry_pass, expires_at=soon))
    answer = await shop.visitor(cookie=with_cookies(visitor, **{"pass": old})).get("/p/tea")
    assert answer.status_code == 200
    renewed = seal_of(shop).pass_(answer.cookies["pass"])
    assert renewed.visit_id == entry_pass.visit_id
    assert renewed.expires_at - clock.now() > timedelta(minutes=14)
    async with shop.context.database.transaction() as connection:
        kept = await (await connection.execute("SELECT expires_at FROM capacity_holds")).fetchone()
    assert kept is not None
    assert abs(kept[0] - renewed.expires_at) < timedelta(milliseconds=2)


async def test_a_pass_whose_hold_was_released_is_not_renewed(open_shop: OpenShop) -> None:
    shop = await open_shop(1)
    leaver = shop.visitor()
    await leaver.get("/p/tea")
    entry_pass = seal_of(shop).pass_(leaver.cookies["pass"])
    await shop.let_out(leaver)
    await shop.visitor().get("/p/tea")  # another takes the place
    late = seal_of(shop).pass_text(replace(entry_pass, expires_at=clock.now() + timedelta(minutes=1)))
    browser = with_cookies(leaver, **{"pass": late})
    assert (await shop.visitor(cookie=browser).get("/p/tea")).status_code == 303


async def test_a_program_is_told_to_wait_in_so_many_words(open_shop: OpenShop) -> None:
    shop = await open_shop(1)
    await shop.visitor().get("/p/tea")
    answer = await shop.visitor().post("/p/tea", json={"sku": "1"})
    assert (answer.status_code, answer.json()["error"]) == (503, "waiting")
    assert int(answer.headers["retry-after"]) > 0
    assert "ticket=" in answer.headers["set-cookie"]


async def test_a_form_is_sent_back_to_the_page_it_was_on_and_never_to_another_site(
    open_shop: OpenShop,
) -> None:
    shop = await open_shop(1)
    waiting = await waiting_visitor(shop)
    sent = await waiting.post("/p/tea", data={"quantity": "1"}, headers={"referer": f"{shop.base}/p/cup?x=1"})
    assert sent.headers["location"] == "/wait?next=%2Fp%2Fcup%3Fx%3D1"
    elsewhere = await waiting.post("/p/tea", headers={"referer": "https://evil.example/p/cup"})
    assert elsewhere.headers["location"] == "/wait?next=%2F"


@pytest.mark.parametrize("evil", ["https://evil.example/", "//evil.example", "/\\evil.example", "/wait"])
async def test_the_waiting_room_sends_nobody_to_another_site(open_shop: OpenShop, evil: str) -> None:
    shop = await open_shop(2)
    inside = shop.visitor()
    await inside.get("/p/tea")
    assert (await inside.get("/wait", params={"next": evil})).headers["location"] == "/"
    assert (await inside.get("/wait/poll", params={"next": evil})).json()["next"] == "/"


@pytest.mark.parametrize(("language", "direction", "next_step"), [
    ("en", "ltr", "What happens next"), ("fa", "rtl", 'id="wait"'),
])  # fmt: skip
async def test_the_waiting_page_tells_place_and_next_step_without_scripts(
    open_shop: OpenShop, language: str, direction: str, next_step: str
) -> None:
    shop = await open_shop(1)
    waiting = await waiting_visitor(shop)
    await shop.app.state.board.refresh()
    page = await waiting.get("/wait?next=/p/tea", headers={"accept-language": language})
    assert page.status_code == 200
    assert f'lang="{language}" dir="{direction}"' in page.text
    assert '<noscript><meta http-equiv="refresh"' in page.text
    assert 'data-poll="/wait/poll?next=%2Fp%2Ftea"' in page.text
    assert next_step in page.text
    with speaking(language):
        assert f'data-wait="place">{number(1)}<' in page.text


async def test_without_cookies_there_is_no_circle_of_redirects(open_shop: OpenShop) -> None:
    shop = await open_shop(1)
    await shop.visitor().get("/p/tea")
    page = await shop.stranger().get("/wait?next=/p/tea")
    assert page.status_code == 200
    assert 'href="/p/tea"' in page.text
    assert "cookies" in page.text
