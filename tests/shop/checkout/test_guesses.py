"""Trying out discount codes costs work after a while, at every door that takes one, and shuts nobody out."""

import ast
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

import safar
from safar.gate.tickets import proof as work
from safar.kernel import clock
from safar.kernel.database import Database
from safar.kernel.ids import new_id
from safar.orders.model import Buyer
from safar.settings import Settings
from safar.shop.checkout import guesses as module
from safar.shop.checkout.guesses import Guesses
from tests.stage.checkout import BUYER, filled
from tests.stage.prices import code

pytestmark = pytest.mark.finding("security-low-codes")
_JSON = {"accept": "application/json"}
# Where a typed code comes in.
_DOORS = {"shop.pages.cart._set_code", "shop.pages.checkout._basket", "shop.pages.buy._buy"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"code_guesses_max": 2})


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less work than in life."""
    monkeypatch.setattr(module, "BITS", work.BITS_LEAST)


def field(page: httpx.Response, name: str) -> str:
    """Return what a hidden field of the page's first form says."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found, page.text
    return found[1]


def test_every_door_that_takes_a_code_asks_first() -> None:
    root = Path(safar.__file__).parent
    taking, asking = set(), set()
    for path in (root / "shop").rglob("*.py"):
        module = ".".join(path.relative_to(root).with_suffix("").parts)
        for function in ast.walk(ast.parse(path.read_text())):
            if not isinstance(function, ast.AsyncFunctionDef):
                continue
            called = {
                node.func.id
                for node in ast.walk(function)
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            }
            name = f"{module}.{function.name}"
            if called & {"CartCode", "order_request"}:
                taking.add(name)
            if "work_before_code" in called:
                asking.add(name)
    # Staff who take an order by phone may type as many codes as they like.
    assert taking - {"shop.console.new_pages._order"} == asking == _DOORS


async def guess(browser: httpx.AsyncClient, door: str, guessed: str, **proof: str) -> httpx.Response:
    """Try a code at a door, as a program does."""
    body: dict[str, Any] = {"code": guessed, **proof}
    if door == "/buy":
        body |= {**BUYER, "id": str(new_id()), "sku": "MUG", "quantity": 1}
    if door.startswith("/checkout"):
        body |= {**BUYER, "order_id": str(new_id())}
    return await browser.post(door, json=body, headers=_JSON)


@pytest.mark.parametrize("door", ["/cart/code", "/checkout", "/checkout/quote", "/buy"])
async def test_who_tries_codes_out_is_asked_for_work_and_each_proof_is_good_for_one(
    browser: httpx.AsyncClient, database: Database, door: str
) -> None:
    await code(database, "TEN")
    await filled(browser)
    assert (await guess(browser, door, "TEN")).status_code < 300, "one that exists counts for nothing"
    await filled(browser)
    for number in range(2):
        assert "proof_needed" not in (await guess(browser, door, f"WRONG{number}")).text
    asked = await guess(browser, door, "WRONG2")
    assert (asked.status_code, asked.json()["error"]) == (429, "proof_needed")
    assert (await guess(browser, door, "TEN")).status_code == 429, "nothing is told of a code"
    told = asked.json()
    answers = ",".join(map(str, work.solved(told["challenge"], told["bits"])))
    proof = {"challenge": told["challenge"], "answers": answers}
    assert "proof_needed" not in (await guess(browser, door, "WRONG3", **proof)).text
    assert (await guess(browser, door, "WRONG4", **proof)).status_code == 429


async def test_a_browser_is_led_through_the_calculation_and_back_to_what_it_did(
    browser: httpx.AsyncClient, database: Database
) -> None:
    await code(database, "TEN")
    await filled(browser)
    for number in range(2):
        await browser.post("/cart/code", data={"code": f"WRONG{number}"})
    shown = await browser.post("/cart/code", data={"code": "TEN"})
    assert shown.status_code == 429
    assert 'action="/cart/code"' in shown.text
    answers = ",".join(map(str, work.solved(field(shown, "challenge"), work.BITS_LEAST)))
    form = {"code": field(shown, "code"), "challenge": field(shown, "challenge"), "answers": answers}
    assert (await browser.post("/cart/code", data=form)).status_code == 303
    assert "TEN applied" in (await browser.get("/cart")).text


def test_a_network_has_its_own_limit_whatever_its_browsers_are_and_another_is_not_asked() -> None:
    with clock.held(clock.now()) as held:
        guesses = Guesses(2, 5)

        def somebody(network: str = "203.0.113.9", bits: int = 0) -> Buyer:
            return Buyer(new_id(), returned=True, network=network, worked_bits=bits)

        assert [guesses.take(somebody()) for _guess in range(6)] == [True] * 5 + [False]
        assert guesses.take(somebody("203.0.113.10"))
        held.advance(seconds=3600)
        mine = somebody()
        assert [guesses.take(mine) for _guess in range(3)] == [True, True, False]
        guesses.uncount(mine)
        assert guesses.take(mine)
        proven = somebody(bits=work.BITS_LEAST)
        assert [guesses.take_proof(proven, {"challenge": "c"}) for _again in range(2)] == [True, False]
        assert not guesses.take_proof(somebody(bits=work.BITS_LEAST - 1), {"challenge": "d"})
        patient = [guesses.take_proof(proven, {"patience": str(number)}) for number in range(11)]
        assert patient == [True] * 10 + [False], "waiting beside one another is no wait"
