"""The rules as the database keeps them, and codes in the ledger."""

from datetime import timedelta

import pytest

from safar.capacity import actions as ledger
from safar.capacity.errors import BelowPromised
from safar.capacity.model import Held, HoldRequest, Refused
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Database, execute, value
from safar.kernel.ids import new_id
from safar.pricing.actions import change_code, remove_zone, save_method, save_tax, save_zone
from safar.pricing.discounts import Use, accounts_of_uses, discounts, plain_code
from safar.pricing.errors import CodeTaken, UnknownCode, UnknownZone
from safar.pricing.model import Band, Discount, DiscountReason, ShippingMethod, Tax
from safar.pricing.rules import KEPT, load_rules, rules_of
from safar.shop.console import codes as reading
from tests.stage.prices import STAFF, code

STARTED = clock.now()


async def test_rules_come_back_as_they_were_set(context: Context) -> None:
    zone_id = new_id()
    post = ShippingMethod(
        "post", {"": "Post", "hi": "डाक"}, (Band(2000, 495), Band(None, 995)), "GBP", 5000, 2, 4
    )
    async with context.database.transaction() as connection:
        await save_tax(connection, "", Tax(False, {"standard": 18_000}, "zero"), staff_id=STAFF)
        await save_zone(
            connection,
            zone_id,
            name="Isles",
            countries=["GB"],
            postcodes=["ZE", "KW15..KW17"],
            staff_id=STAFF,
        )
        assert (await load_rules(connection)).zones == ()  # no way to send at all: delivery is free
        await save_method(connection, zone_id, post, active=False, staff_id=STAFF)
        assert (await load_rules(connection)).zones == ()
        await save_method(connection, zone_id, post, active=True, staff_id=STAFF)
        await save_zone(connection, new_id(), name="Nowhere", countries=["FR"], postcodes=[], staff_id=STAFF)
        rules = await load_rules(connection)
    assert rules.taxes == {"": Tax(False, {"standard": 18_000}, "zero")}
    assert [(zone.name, zone.methods) for zone in rules.zones] == [("Isles", (post,)), ("Nowhere", ())]
    assert rules.zones[0].postcodes == ("ZE", "KW15..KW17")
    async with context.database.transaction() as connection:
        await remove_zone(connection, zone_id, staff_id=STAFF)
        assert (await load_rules(connection)).zones == ()
        with pytest.raises(UnknownZone):
            await remove_zone(connection, zone_id, staff_id=STAFF)


async def test_a_process_keeps_the_rules_for_seconds_and_sees_its_own_changes_at_once(
    context: Context,
) -> None:
    with clock.held(STARTED) as held:
        before = await rules_of(context)
        async with context.database.transaction() as connection:  # as another process would
            await execute(connection, "INSERT INTO tax_countries (country, included) VALUES ('IN', false)")
        assert await rules_of(context) is before
        held.advance(seconds=KEPT.total_seconds())
        later = await rules_of(context)
        assert set(later.taxes) == {"IN"}
        async with context.database.transaction() as connection:
            await save_tax(connection, "BR", Tax(), staff_id=STAFF)
        assert set((await rules_of(context)).taxes) == {"IN", "BR"}


@pytest.mark.parametrize(
    ("typed", "kept"), [(" ten ", "TEN"), ("t e\tn۱۰", "TEN10"), ("ＴＥＮ", "TEN"), ("تخفیف", "تخفیف")]
)
def test_a_code_is_the_same_however_it_is_typed(typed: str, kept: str) -> None:
    assert plain_code(typed) == kept


async def test_a_code_is_made_once_and_its_limit_is_changed_without_touching_what_was_taken(
    database: Database,
) -> None:
    await code(database, "TEN", uses_max=5)
    with pytest.raises(CodeTaken):
        await code(database, "TEN")
    async with database.transaction() as connection:
        ten = (await discounts(connection, ["ten", "none", ""]))["TEN"]
        assert ten.account_id is not None
        [held] = await ledger.hold_many(connection, [_hold(ten.account_id, 2)])
        assert isinstance(held, Held)
        await ledger.claim_many(connection, [held.hold_id])
        assert await ledger.hold_many(connection, [_hold(ten.account_id, 1)])
    async with database.transaction() as connection:
        await change_code(connection, Discount("TEN", "percent", 500, "GBP", uses_max=7), staff_id=STAFF)
        listed = await reading.code(connection, "TEN")
        assert (listed.left, listed.held, listed.discount.value) == (4, 1, 500)
    with pytest.raises(BelowPromised):
        async with database.transaction() as connection:
            await change_code(connection, Discount("TEN", "percent", 500, "GBP", uses_max=2), staff_id=STAFF)
    async with database.transaction() as connection:
        await change_code(connection, Discount("TEN", "percent", 500, "GBP"), staff_id=STAFF)
        assert (await reading.code(connection, "TEN")).left is None
        await change_code(connection, Discount("TEN", "percent", 500, "GBP", uses_max=1), staff_id=STAFF)
        assert (await reading.code(connection, "TEN")).left == 1
        with pytest.raises(UnknownCode):
            await change_code(connection, Discount("NONE", "percent", 500, "GBP"), staff_id=STAFF)
        assert await ledger.recount_accounts(connection) == []
        told = await value(
            connection,
            "SELECT count(*) FROM journal_events WHERE name LIKE 'discount.%%' AND staff_id IS NOT NULL",
        )
    assert told == 4


async def test_uses_of_a_batch_are_accounts_each_customer_having_one_of_their_own(database: Database) -> None:
    await code(database, "ONCE", customers_once=True, uses_max=3)
    async with database.transaction() as connection:
        once = (await discounts(connection, ["ONCE"]))["ONCE"]
        uses = [Use(new_id(), once, email) for email in ("a@x.example", "A@X.example ", "b@x.example")]
        accounts = await accounts_of_uses(connection, uses)
        mine, again, theirs = (accounts[use.order_id] for use in uses)
        assert mine == again != theirs
        assert sorted(mine.values()) == [DiscountReason.USED_BEFORE, DiscountReason.USED_UP]
        holds = [
            HoldRequest(
                hold_id=use.order_id,
                lines=dict.fromkeys(accounts[use.order_id], 1),
                purpose="order",
                expires_at=clock.now() + timedelta(minutes=5),
            )
            for use in uses
        ]
        outcomes = await ledger.hold_many(connection, holds)
    assert [type(outcome) for outcome in outcomes] == [Held, Refused, Held]


async def test_what_a_code_brought_is_counted_by_currency_and_without_cancelled_orders(
    database: Database,
) -> None:
    await code(database, "TEN")
    async with database.transaction() as connection:
        for currency, state in (
            ("GBP", "confirmed"),
            ("GBP", "cancelled"),
            ("EUR", "shipped"),
            ("GBP", "placed"),
        ):
            await execute(
                connection,
                """
                WITH c AS (
                    INSERT INTO customers (id, language, created_at) VALUES (gen_random_uuid(), 'en', now())
                    RETURNING id
                )
                INSERT INTO orders (
                    id, state, fingerprint, customer_id, hold_id, held_until, email, name, address, language,
                    total_minor, discount_minor, currency, placed_at, discount_code
                )
                SELECT
                    gen_random_uuid(), %s, '', id, gen_random_uuid(), now(), 'a@b.c', 'A', 'B', 'en', 900,
                    100, %s, now(), 'TEN'
                FROM c
                """,
                [state, currency],
            )
        found = await reading.code(connection, "TEN")
        orders = await reading.orders_with(connection, "TEN")
    assert {one.currency: (one.orders, one.total_minor) for one in found.brought} == {
        "GBP": (2, 900),
        "EUR": (1, 900),
    }
    assert found.orders == 3
    assert len(orders) == 4


def _hold(account_id: int, units: int) -> HoldRequest:
    return HoldRequest(
        hold_id=new_id(),
        lines={account_id: units},
        expires_at=clock.now() + timedelta(minutes=5),
        purpose="order",
    )
