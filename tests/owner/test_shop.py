"""The shop's own data: declared once, begun by the environment, afterwards what the database says."""

import re
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path
from typing import get_args, get_type_hints

import httpx
import pytest

from safar.console.build import build_console
from safar.front.build import build_front
from safar.kernel import clock
from safar.kernel.context import Context, make_context
from safar.kernel.errors import InvalidInput
from safar.kernel.web.forms import Fields
from safar.owner.actions import change_shop, found_shop
from safar.owner.facts import BY_NAME, FACTS, FactKind, first_values, shop_from
from safar.owner.forms import changes_in, typed_of
from safar.owner.model import Shop
from safar.owner.reading import KEPT, known_shop, shop_of, shop_with, stored_shop
from safar.settings import Settings
from tests.stage.books import events
from tests.stage.people import signed_in
from tests.stage.serving import Serve

_NAMES = {key.name for key in FACTS}


def test_every_fact_is_declared_once_and_of_the_type_it_is_read_with() -> None:
    types = {
        FactKind.NUMBER: int,
        FactKind.LINES: tuple[str, ...],
        FactKind.SEVERAL: tuple[str, ...],
    }
    assert len(BY_NAME) == len(FACTS)
    assert get_type_hints(Shop) == {key.name: types.get(key.kind, str) for key in FACTS}
    assert [field.name for field in fields(Shop)] == [key.name for key in FACTS]
    for name, value in first_values(Settings()).items():
        kind = types.get(BY_NAME[name].kind, str)
        assert isinstance(value, tuple if get_args(kind) else kind), name


def test_a_key_begins_with_a_setting_that_is_there_or_empty() -> None:
    assert {key.setting for key in FACTS if key.setting} <= set(Settings.model_fields)
    said = replace(shop_from(first_values(Settings())), currency="", timezone="", language="")
    assert shop_from({}) == said


async def test_the_environment_speaks_at_the_first_start_only(context: Context) -> None:
    began = Settings(shop_name="First", shop_address="1 Mill Lane | London", ship_days=4)
    async with context.database.transaction() as connection:
        await found_shop(connection, began)
        await change_shop(connection, {"name": "Changed"}, staff_id=None)
    async with context.database.transaction() as connection:
        await found_shop(connection, Settings(shop_name="Later", ship_days=9))
        shop = await stored_shop(connection)
    assert (shop.name, shop.address, shop.ship_days) == ("Changed", ("1 Mill Lane", "London"), 4)


async def test_a_change_is_told_once_with_what_it_was_before(context: Context) -> None:
    changes: dict[str, str | int | tuple[str, ...]] = {"ship_days": 3, "address": ("9 Other Road", "Bath")}
    async with context.database.transaction() as connection:
        await found_shop(connection, Settings(ship_days=2))
        assert await change_shop(connection, changes, staff_id=None) == ("address", "ship_days")
        assert await change_shop(connection, changes, staff_id=None) == ()
        row = await (
            await connection.execute("SELECT properties FROM journal_events WHERE name = 'shop.changed'")
        ).fetchone()
    assert row is not None
    assert row[0] == {
        "what": ["address", "ship_days"],
        "before": {"address": [], "ship_days": 2},
        "after": {"address": ["9 Other Road", "Bath"], "ship_days": 3},
    }
    assert await events(context.database, "shop.changed") == ["shop.changed"]


async def test_what_is_no_fact_of_the_shop_cannot_be_set(context: Context) -> None:
    async with context.database.transaction() as connection:
        with pytest.raises(KeyError):
            await change_shop(connection, {"secret_key": "x"}, staff_id=None)


async def test_a_change_is_seen_at_once_here_and_within_seconds_elsewhere(context: Context) -> None:
    now = clock.now()
    with clock.held(now):
        assert (await shop_of(context)).name == "Safar Gifts"
        async with context.database.transaction() as connection:
            # As another process does it: this one is not told.
            await connection.execute("INSERT INTO shop_settings VALUES ('name', '\"There\"', now())")
        assert (await shop_of(context)).name == "Safar Gifts"
    with clock.held(now + KEPT):
        assert (await shop_of(context)).name == "There"
        async with context.database.transaction() as connection:
            await change_shop(connection, {"name": "Here"}, staff_id=None)
            assert (await shop_with(connection)).name == "Here"
        assert (await shop_of(context)).name == known_shop(context).name == "Here"


async def test_a_process_without_its_database_goes_on_with_the_shop_it_knew(context: Context) -> None:
    async with context.database.transaction() as connection:
        await change_shop(connection, {"name": "Known"}, staff_id=None)
    assert (await shop_of(context)).name == "Known"
    await context.database.close()
    with clock.held(clock.now() + timedelta(minutes=1)):
        assert (await shop_of(context)).name == "Known"
    nowhere = make_context(context.settings.model_copy(update={"shop_name": "Set"}), "host=/nowhere")
    assert known_shop(nowhere).name == "Set"


async def test_both_surfaces_show_the_name_that_the_shop_has_now(context: Context, serve: Serve) -> None:
    front, console = await serve(build_front(context)), await serve(build_console(context))
    async with context.database.transaction() as connection:
        await change_shop(connection, {"name": "Renamed & Co", "phone": "+44 20 1"}, staff_id=None)
    async with httpx.AsyncClient(base_url=front) as browser:
        assert "Renamed &amp; Co" in (await browser.get("/info/contact")).text
        assert "+44 20 1" in (await browser.get("/info/contact")).text
    async with await signed_in(context, console) as desk:
        assert "Renamed &amp; Co" in (await desk.get("/")).text


def test_what_is_typed_is_read_back_as_it_is_shown() -> None:
    shop = replace(
        shop_from(first_values(Settings())), address=("1 Mill Lane", "London"), country="BR", return_days=14
    )
    assert shop_from(changes_in(Fields(typed_of(shop)), _NAMES)) == shop


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("name", ""),
        ("country", "GBR"),
        ("country", "12"),
        ("email", "x"),
        ("ship_days", "366"),
        ("return_days", "soon"),
        ("location_rule", "farthest"),
        ("address", "x" * 201),
        ("colour", "red"),
        ("colour", "#12345"),
        ("languages", ""),
        ("language", "de"),
        ("currency", "GBX"),
        ("currency", "DEM"),
        ("timezone", "Mars/Base"),
    ],
)
def test_what_cannot_be_is_said_at_its_field(name: str, typed: str) -> None:
    form = Fields({name: typed})
    changes_in(form, _NAMES)
    with pytest.raises(InvalidInput) as refused:
        form.done()
    assert list(refused.value.problems) == [name]


def test_a_form_changes_only_the_keys_it_is_for() -> None:
    assert changes_in(Fields({"name": "A", "phone": "1"}), ["phone"]) == {"phone": "1"}


def test_how_shelves_are_chosen_has_no_second_default_in_any_signature() -> None:
    """Whoever forgot to say the shop's rule would silently have another."""
    rule = re.compile(r"\b(?:location_rule: \w+|\w+: LocationRule) =")
    source = Path(__file__).parents[2] / "src" / "safar"
    assert [path.name for path in source.rglob("*.py") if rule.search(path.read_text())] == []
