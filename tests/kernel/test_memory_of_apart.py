"""The processes apart and the names of no picture: what strangers send costs no more than a machine has."""

from unittest.mock import AsyncMock

import pytest

from safar.catalogue import public
from safar.catalogue.errors import UnknownPicture
from safar.kernel.apart import memory_limits
from safar.kernel.context import make_context
from safar.settings import Settings

GB, MB = 1024**3, 1024**2


@pytest.mark.finding("security-low-apart")
@pytest.mark.parametrize(
    ("machine", "at_once", "each"),
    [
        (64 * GB, 3, 2 * GB),
        (12 * GB, 3, 2 * GB),
        (2 * GB, 2, 512 * MB),
        (1 * GB, 1, 512 * MB),
        (1, 1, 512 * MB),
    ],
)
def test_all_that_work_at_once_fit_the_machine(machine: int, at_once: int, each: int) -> None:
    assert memory_limits(machine) == (at_once, each)


@pytest.mark.finding("security-low-apart")
def test_three_on_four_gigabytes_leave_half_of_them() -> None:
    at_once, each = memory_limits(4 * GB)
    assert at_once == 3
    assert each >= 512 * MB
    assert at_once * each <= 2 * GB


@pytest.mark.finding("security-low-images")
async def test_unknown_pictures_are_asked_for_once_in_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    context = make_context(
        Settings.model_validate({"secret_key": "a long secret, 1234567890 abcdefghij"}), ""
    )
    fetch = AsyncMock(return_value=None)
    monkeypatch.setattr(public, "_fetch", fetch)
    for width in (320, 640, 320, 640):
        assert await public._picture(context, "0" * 32, width) is None
    assert fetch.await_count == 1
    assert await public._picture(context, "1" * 32, 320) is None
    assert fetch.await_count == 2
    monkeypatch.setattr(public, "_UNKNOWN_S", 0.0)
    fetch.return_value = b"a picture that has been added"
    shelf = public._shelf(context)
    shelf.unknown["0" * 32] = 0.0  # its seconds are over
    assert await public._picture(context, "0" * 32, 320) == b"a picture that has been added"


@pytest.mark.finding("security-low-images")
async def test_unknown_drawings_ask_no_database_and_the_memory_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context = make_context(
        Settings.model_validate({"secret_key": "a long secret, 1234567890 abcdefghij"}), ""
    )
    shelf = public._shelf(context)
    shelf.note_unknown("no-such-mug")
    with pytest.raises(UnknownPicture):
        await public._drawing(context, "no-such-mug")  # there is no database here that it could ask
    monkeypatch.setattr(public, "_UNKNOWN_MAX", 10)
    for number in range(100):
        shelf.note_unknown(f"mug-{number}")
    assert len(shelf.unknown) <= 11
    assert shelf.is_unknown("mug-99")
