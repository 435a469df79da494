"""What an order may be, whoever asks and by whichever door: asked where it is taken, not before."""

import ast
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import safar
from safar.customers.identify import mailbox_of
from safar.gate.site.sites import NewSite, open_site, product_key
from safar.gate.tickets import proof as work
from safar.gate.tickets.errors import Waiting
from safar.gate.tickets.model import SiteKind
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Database, execute, value
from safar.kernel.errors import CookiesNeeded
from safar.kernel.ids import derived_id, new_id
from safar.orders.confirm import Confirmation, confirm_many
from safar.orders.errors import ProveFirst, TooManyUnits, TooMuchUnpaid, TotalNotTaken
from safar.orders.model import Buyer, OrderLimits, Taken
from safar.orders.place import buy_many, place_many
from safar.orders.unpaid import Unpaid, owners_of, refusal_of_unpaid
from tests.stage.checkout import BUYER
from tests.stage.orders import answered
from tests.stage.shop import CLOCK, MUG, free, receive, request

# Who asks for units of an order, and the test that tries the rules there.
_DOORS = {
    "shop.pages.buy._buy": "tests/gate/test_goods_rule.py",
    "shop.pages.checkout._taken": "tests/gate/test_goods_rule.py",
    "shop.console.new_pages._order": "tests/shop/console/test_taken.py",
    "shop.checkout.take_order.take_order": "by the two above",
    "returns.receive.approve_many": "test_an_exchange_is_for_what_could_be_ordered",
    "orders.confirm._claim": "test_an_order_that_was_taken_is_held_again_though_a_room_came_before_its_goods",
}
_VERBS = {"take_order", "buy_many", "place_many", "exchange", "claim_again"}


@pytest.mark.finding("security-8")
def test_every_door_to_the_verb_that_takes_an_order_has_a_test() -> None:
    root = Path(safar.__file__).parent
    found = set()
    for path in root.rglob("*.py"):
        module = ".".join(path.relative_to(root).with_suffix("").parts)
        if module.startswith(("bench", "demo")):
            continue
        source = path.read_text()
        if not any(verb in source for verb in _VERBS):
            continue
        tree = ast.parse(source)
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        verbs = {alias.name for node in imports for alias in node.names} & _VERBS
        for function in ast.walk(tree):
            if not isinstance(function, ast.AsyncFunctionDef | ast.FunctionDef):
                continue
            if verbs & {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}:
                found.add(f"{module}.{function.name}")
    assert found == set(_DOORS)


async def _taken(context: Context, **other: object) -> object:
    return await answered(context, buy_many, request(**other))


@pytest.mark.finding("security-5")
async def test_who_has_not_brought_the_cookie_back_gets_no_units(context: Context) -> None:
    asked = request(buyer=Buyer(new_id(), returned=False))
    for verb in (buy_many, place_many):
        assert isinstance(await answered(context, verb, asked), CookiesNeeded)
    assert await free(context.database) == (10, 0)


@pytest.mark.finding("security-5")
async def test_a_purchase_without_any_cookie_takes_nothing_and_says_what_to_do(
    browser: httpx.AsyncClient, database: Database
) -> None:
    body = {**BUYER, "id": str(new_id()), "sku": "MUG", "quantity": 1}
    async with httpx.AsyncClient(base_url=browser.base_url) as passing:
        refused = await passing.post("/buy", json=body)
        assert (refused.status_code, refused.json()["error"]) == (403, "cookies_needed")
        assert await free(database) == (10, 0)
        assert (await passing.post("/buy", json=body)).status_code == 201  # the cookie has come back


@pytest.mark.finding("security-5")
async def test_one_browser_or_one_address_has_so_many_unpaid_orders_in_one_batch_or_many(
    context: Context,
) -> None:
    limits = OrderLimits(orders=3)
    mine = Buyer(new_id(), returned=True)
    async with context.database.transaction() as connection:
        batch = [request(buyer=mine, limits=limits) for _order in range(2)]
        answers = await buy_many(connection, batch)
        answers += await place_many(connection, [request(buyer=mine, limits=limits) for _order in range(2)])
    assert [type(answer) for answer in answers] == [Taken, Taken, Taken, TooMuchUnpaid]
    for number in range(4):
        address = f"Ada.L+{number}@GoogleMail.com" if number % 2 else "adal@gmail.com"
        said = await _taken(context, email=address, limits=limits)
        assert isinstance(said, Taken if number < 3 else TooMuchUnpaid)
    async with context.database.transaction() as connection:
        await execute(connection, "UPDATE payments SET state = 'paid'")
    assert isinstance(await _taken(context, buyer=mine, limits=limits), Taken)


@pytest.mark.finding("security-5")
async def test_nobody_has_more_than_a_share_of_what_is_free_without_paying(context: Context) -> None:
    await receive(context.database, {"MUG": 90})
    limits, mine = OrderLimits(), Buyer(new_id(), returned=True)
    assert isinstance(await _taken(context, lines=((MUG, 51),), limits=limits), TooManyUnits)
    assert isinstance(await _taken(context, lines=((MUG, 26),), limits=limits), TooMuchUnpaid)
    assert isinstance(await _taken(context, buyer=mine, lines=((MUG, 20),), limits=limits), Taken)
    assert isinstance(await _taken(context, buyer=mine, lines=((MUG, 6),), limits=limits), TooMuchUnpaid)
    assert isinstance(await _taken(context, buyer=mine, lines=((MUG, 5),), limits=limits), Taken)
    assert isinstance(await _taken(context, lines=((CLOCK, 5),), limits=limits), Taken)
    assert await free(context.database) == (75, 0)


@pytest.mark.finding("security-5")
async def test_a_network_beyond_its_limit_is_asked_for_a_proof_of_work_and_never_shut_out(
    context: Context,
) -> None:
    limits = OrderLimits(orders_network=2)

    def from_there(bits: int = 0) -> dict[str, object]:
        return {"buyer": Buyer(new_id(), True, "203.0.113.9", worked_bits=bits), "limits": limits}

    for _customer in range(2):
        assert isinstance(await _taken(context, **from_there()), Taken)
    said = await _taken(context, **from_there())
    assert isinstance(said, ProveFirst)
    assert said.bits == work.BITS_LEAST
    assert isinstance(await _taken(context, **from_there(said.bits)), Taken)
    other = Buyer(new_id(), True, "203.0.113.10")
    assert isinstance(await _taken(context, buyer=other, limits=limits), Taken)


@pytest.mark.finding("security-5")
async def test_so_much_and_no_more_is_paid_on_delivery(context: Context) -> None:
    assert isinstance(await _taken(context, total_minor_max=494), TotalNotTaken)
    assert isinstance(await _taken(context, total_minor_max=495), Taken)


async def _room(context: Context) -> tuple[str, UUID]:
    """Open a waiting room before the mug; return its key and the product."""
    async with context.database.transaction() as connection:
        product_id = await value(connection, "SELECT product_id FROM variants WHERE id = %s", [MUG])
        new = NewSite(
            key=product_key(product_id),
            capacity=1,
            kind=SiteKind.PRODUCT,
            title="Mug",
            path="/p/mug",
            product_id=product_id,
        )
        await open_site(connection, new, staff_id=new_id())
    return new.key, product_id


@pytest.mark.finding("security-8")
async def test_an_order_that_was_taken_is_held_again_though_a_room_came_before_its_goods(
    context: Context,
) -> None:
    with clock.held(clock.now()) as held:
        asked = request(provider="test")
        assert isinstance(await context.batched(place_many, asked), Taken)
        await _room(context)
        held.advance(seconds=16 * 60)
        standing = await context.batched(confirm_many, Confirmation(asked.order_id, "link"))
    assert standing.state == "confirmed"


@pytest.mark.finding("security-8")
async def test_a_room_bars_a_product_its_later_variants_and_the_kits_that_have_it(context: Context) -> None:
    key, product_id = await _room(context)
    asked = request()
    for verb in (buy_many, place_many):
        refused = await answered(context, verb, asked)
        assert isinstance(refused, Waiting)
        assert refused.path == "/p/mug"
    inside = Buyer(new_id(), True, rooms=frozenset({key}))
    assert isinstance(await _taken(context, buyer=inside), Taken)
    assert isinstance(await _taken(context, lines=((CLOCK, 1),)), Taken)
    async with context.database.transaction() as connection:
        await execute(connection, "UPDATE variants SET product_id = %s WHERE id = %s", [product_id, CLOCK])
    assert isinstance(await _taken(context, lines=((CLOCK, 1),)), Waiting)


_UNITS = st.integers(1, 60)


@pytest.mark.finding("security-5")
@given(
    had=st.lists(_UNITS, max_size=6),
    wanted=_UNITS,
    free_units=st.integers(0, 400),
    percent=st.integers(1, 100),
)
def test_who_is_not_refused_stays_within_orders_and_share(
    had: list[int], wanted: int, free_units: int, percent: int
) -> None:
    limits = OrderLimits(share_percent=percent)
    asked = request(limits=limits, lines=((MUG, wanted),))
    unpaid, owner = Unpaid(), owners_of(asked).visitor
    for number, units in enumerate(had):
        unpaid.add(owner, derived_id("order", number), {MUG: units})
    said = refusal_of_unpaid(asked, {MUG: wanted}, {MUG: free_units}, unpaid)
    share = max((free_units + sum(had)) * percent // 100, limits.units_least)
    allowed = len(had) < limits.orders and sum(had) + wanted <= share
    assert (said is None) == allowed


@pytest.mark.parametrize(
    ("written", "counted"),
    [
        ("Ada+1@Example.com", "ada@example.com"), ("a.d.a+x@gmail.com", "ada@gmail.com"),
        ("ada@googlemail.com", "ada@gmail.com"), ("a.b@example.com", "a.b@example.com"),
        ("+odd@example.com", "+odd@example.com"),
    ],
)  # fmt: skip
@pytest.mark.finding("security-low-codes")
def test_an_address_is_counted_as_its_mailbox(written: str, counted: str) -> None:
    assert mailbox_of(written) == counted
