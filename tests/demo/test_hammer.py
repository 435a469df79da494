"""Two nodes, three workers and a kill -9 every two seconds: a shorter form of `safar bench hammer`."""

import pytest

from safar.bench.hammer import measure
from tests.stage.thorough import long_form

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("processes")]

SECONDS = long_form(10.0, 60.0)  # each kind of process is killed in the first eight
BUYERS = long_form(12, 24)


async def test_two_nodes_under_kill_9_sell_every_unit_once_and_lose_no_acknowledged_order() -> None:
    found = await measure(SECONDS, BUYERS)
    assert found["killed"] >= 4
    assert found["orders_acknowledged"] >= 10
    assert found["acknowledged_and_lost"] == []
    assert found["broken_rules"] == {}
    assert found["surprises"] == {}
