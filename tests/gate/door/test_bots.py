"""Against programs: the proof of work, the patience without scripts, and limits by network address."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safar.gate.door.limits import Buckets, bucket_of
from safar.gate.site.settings import set_work
from safar.gate.tickets import proof as work
from safar.gate.tickets.errors import NotPatientYet, WorkWrong
from safar.gate.tickets.model import SHOP
from safar.gate.tickets.seal import Seal
from safar.kernel import clock
from safar.kernel.context import make_context
from safar.kernel.ids import new_id
from safar.kernel.secrets import Vault
from tests.stage.gate import OpenShop, Shop, build_shop
from tests.stage.serving import Serve

SEAL = Seal(Vault("only-for-tests"), SHOP)
CLIENT = UUID(int=7)


@settings(max_examples=10)
@given(st.uuids())
def test_an_answer_opens_its_own_challenge_and_no_other(client: UUID) -> None:
    text = work.challenge(SEAL, client, 4)
    answers = work.solved(text, 4)
    done = work.checked(SEAL, client, text, answers)
    assert work.proven_visit(SHOP, client, done) == work.proven_visit(SHOP, client, done)
    other = work.challenge(SEAL, new_id(), 4)
    false: tuple[tuple[Any, ...], ...] = (
        (new_id(), text, answers),
        (client, other, answers),
        (client, text, answers[:-1]),
        (client, text, []),
        (client, text, [*answers, 0]),
        (client, text[:-2] + "zz", answers),
        (client, "", answers),
        (client, text, [-1, *answers[1:]]),
        (client, text, [2**40, *answers[1:]]),
    )
    for who, challenge, given_answers in false:
        with pytest.raises(WorkWrong):
            work.checked(SEAL, who, challenge, given_answers)


def test_a_challenge_stays_the_same_for_a_while_and_then_is_too_old() -> None:
    with clock.held(clock.now()) as held:
        text = work.challenge(SEAL, CLIENT, 4)
        answers = work.solved(text, 4)
        assert work.challenge(SEAL, CLIENT, 4, again=True) != text
        held.advance(seconds=299)
        assert work.checked(SEAL, CLIENT, text, answers)
        held.advance(seconds=302)
        with pytest.raises(WorkWrong):
            work.checked(SEAL, CLIENT, text, answers)


def test_a_wrong_answer_is_never_taken_by_luck_of_the_first_bits() -> None:
    text = work.challenge(SEAL, CLIENT, 11)
    wrong = [0] * work.PUZZLES
    assert not all(work.solves(text, index, 0, 11) for index in range(work.PUZZLES))
    with pytest.raises(WorkWrong):
        work.checked(SEAL, CLIENT, text, wrong)


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_the_work_grows_with_the_load_within_what_a_phone_does_in_a_second(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert work.BITS_LEAST <= work.bits_for(low) <= work.bits_for(high) <= work.BITS_MOST
    assert work.PUZZLES * 2**work.BITS_MOST <= 150_000


def test_patience_is_bound_to_the_browser_and_to_the_time() -> None:
    with clock.held(clock.now()) as held:
        text = work.patience(SEAL, CLIENT)
        with pytest.raises(NotPatientYet):
            work.check_patience(SEAL, CLIENT, text)
        held.advance(seconds=work.PATIENCE.total_seconds())
        work.check_patience(SEAL, CLIENT, text)
        for who, shown in ((new_id(), text), (CLIENT, text[:-2] + "zz")):
            with pytest.raises(WorkWrong):
                work.check_patience(SEAL, who, shown)
        held.advance(seconds=600)
        with pytest.raises(WorkWrong):
            work.check_patience(SEAL, CLIENT, text)


@pytest.mark.parametrize(("address", "bucket"), [
    ("192.0.2.7", "192.0.2.7"), ("::ffff:192.0.2.7", "192.0.2.7"), ("127.0.0.1", None), ("::1", None),
    ("2001:db8:1:2:3:4:5:6", "20010db800010002/64"), ("2001:db8:1:2::ffff", "20010db800010002/64"),
    ("2001:db8:1:3::1", "20010db800010003/64"), ("not an address", "not an address"),
    ("fe80::1%eth0", "fe80000000000000/64"),
])  # fmt: skip
def test_addresses_are_counted_as_networks_that_cost_something(address: str, bucket: str | None) -> None:
    assert bucket_of(address) == bucket


@given(st.lists(st.floats(0, 30), max_size=60))
def test_an_address_gets_its_burst_and_then_its_rate(pauses_s: list[float]) -> None:
    buckets = Buckets(60, 5)
    with clock.held(clock.now()) as held:
        taken = sum(buckets.take("192.0.2.1") for _ in range(100))
        assert taken == 5
        for pause_s in pauses_s:
            held.advance(seconds=pause_s)
            taken += buckets.take("192.0.2.1")
        assert taken <= 5 + sum(pauses_s) + 1e-6


def test_the_memory_of_addresses_is_bounded() -> None:
    buckets = Buckets(60, 1, addresses_max=100)
    for number in range(10_000):
        assert buckets.take(f"10.0.{number // 256}.{number % 256}")
    assert len(buckets) == 100


async def shop_with_work(open_shop: OpenShop) -> Shop:
    shop = await open_shop(1)
    async with shop.context.database.transaction() as connection:
        await set_work(connection, SHOP, True, staff_id=new_id())
    await shop.app.state.board.refresh()
    return shop


def of_page(page: httpx.Response, name: str) -> str:
    return page.text.split(f'name="{name}" value="')[1].split('"')[0]


def bits_of(page: httpx.Response) -> int:
    return int(page.text.split('data-bits="')[1].split('"')[0])


async def test_with_room_nobody_works_and_when_full_a_number_costs_a_proof(open_shop: OpenShop) -> None:
    shop = await shop_with_work(open_shop)
    assert (await shop.visitor().get("/p/tea")).status_code == 200
    second = shop.visitor()
    sent = await second.get("/p/tea")
    assert (sent.status_code, "ticket" in second.cookies) == (303, False)
    page = await second.get(sent.headers["location"])
    assert page.status_code == 200
    challenge = of_page(page, "challenge")
    assert of_page(await second.get("/wait?next=/p/tea"), "challenge") == challenge
    answers = ",".join(map(str, work.solved(challenge, bits_of(page))))
    wrong = await second.post("/wait/work?next=/p/tea", data={"challenge": challenge, "answers": "1,2,3"})
    assert (wrong.status_code, "ticket" in second.cookies) == (400, False)
    stolen = await shop.visitor().post("/wait/work", data={"challenge": challenge, "answers": answers})
    assert stolen.status_code == 400
    done = {"challenge": challenge, "answers": answers}
    taken = await second.post("/wait/work?next=/p/tea", data=done)
    assert (taken.status_code, taken.headers["location"]) == (303, "/wait?next=%2Fp%2Ftea")
    ticket = second.cookies["ticket"]
    await second.post("/wait/work?next=/p/tea", data=done)  # sent twice: still the one place
    seal = Seal(shop.context.vault, SHOP)
    assert seal.ticket(second.cookies["ticket"]).number == seal.ticket(ticket).number == 1
    assert (await shop.figures()).site.issued == 1


async def test_one_proof_is_good_for_one_visit(open_shop: OpenShop) -> None:
    shop = await shop_with_work(open_shop)
    first, second = shop.visitor(), shop.visitor()
    await first.get("/p/tea")
    page = await second.get("/wait?next=/p/tea")
    if 'name="challenge"' not in page.text:
        page = await second.get((await second.get("/p/tea")).headers["location"])
    done = {"challenge": of_page(page, "challenge")}
    done["answers"] = ",".join(map(str, work.solved(done["challenge"], bits_of(page))))
    await second.post("/wait/work?next=/p/tea", data=done)
    await shop.let_out(first)
    await shop.step()
    assert (await second.get("/p/tea")).status_code == 200
    await second.post("/leave")
    assert (await shop.visitor().get("/p/tea")).status_code == 200  # full again
    again = await second.post("/wait/work?next=/p/tea", data=done)
    assert again.headers["location"] == "/wait?next=%2Fp%2Ftea&again=1"
    assert "ticket" not in second.cookies
    other = await second.get(again.headers["location"])
    assert of_page(other, "challenge") != done["challenge"]


async def test_without_scripts_patience_gets_a_place_too(open_shop: OpenShop) -> None:
    shop = await shop_with_work(open_shop)
    await shop.visitor().get("/p/tea")
    slow = shop.visitor()
    page = await slow.get((await slow.get("/p/tea")).headers["location"])
    assert "<noscript>" in page.text
    patience = of_page(page, "patience")
    assert (await slow.post("/wait/work", data={"patience": patience})).status_code == 429
    earlier = clock.now() - work.PATIENCE - timedelta(seconds=1)
    seal = Seal(shop.context.vault, SHOP)
    waited = seal.patience_text(earlier, seal.patience(patience)[1])
    assert (await slow.post("/wait/work", data={"patience": waited})).status_code == 303
    assert "ticket" in slow.cookies
    assert (await shop.visitor().post("/wait/work", data={"patience": waited})).status_code == 400


async def test_a_program_is_told_what_it_needs(open_shop: OpenShop) -> None:
    shop = await shop_with_work(open_shop)
    await shop.visitor().get("/p/tea")
    answer = await shop.visitor(accept="application/json").get("/p/tea")
    assert (answer.status_code, answer.json()["error"]) == (503, "work_needed")


async def test_one_network_address_cannot_take_all_the_numbers(open_shop: OpenShop, serve: Serve) -> None:
    shop = await open_shop(1)
    limited = shop.context.settings.model_copy(update={"proxies_trusted": 1, "gate_tickets_per_minute": 2})
    other = make_context(limited, shop.context.database.url)
    await other.database.open()
    base = await serve(build_shop(other))
    statuses = [
        (await shop.visitor(**{"x-forwarded-for": "198.51.100.9, 203.0.113.5"}).get(f"{base}/p/tea"))
        for _ in range(6)
    ]
    # Past its limit an address is not shut out: its browsers do a proof of work, and then get a number.
    assert [answer.status_code for answer in statuses] == [200, 303, 303, 303, 303, 303]
    assert ["ticket=" in answer.headers.get("set-cookie", "") for answer in statuses] == [
        False,
        True,
        True,
        True,
        False,
        False,
    ]
    neighbour = shop.visitor(**{"x-forwarded-for": "198.51.100.9, 203.0.113.6"})
    assert (await neighbour.get(f"{base}/p/tea")).status_code == 303
    assert (await shop.figures()).site.issued == 4
    await other.batchers.drained()
    await other.database.close()
