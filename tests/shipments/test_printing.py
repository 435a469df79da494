"""Documents are drawn once, a few at a time, and no queue of them grows."""

import asyncio
import threading

import pytest

from safar.kernel.errors import Overloaded
from safar.kernel.i18n import current_language, speaking
from safar.shipments.prints import Printers


class Press:
    """Counts what it draws; it draws nothing while it is shut."""

    def __init__(self) -> None:
        self.drawn: list[str] = []
        self.open = threading.Event()

    def draw(self, name: str) -> bytes:
        assert self.open.wait(20)
        self.drawn.append(f"{name}.{current_language()}")
        return name.encode()


@pytest.mark.finding("security-11")
async def test_a_document_is_drawn_once_however_often_it_is_asked_for() -> None:
    printers, press = Printers(), Press()
    asked = [asyncio.create_task(printers.print("one", lambda: press.draw("one"))) for _ in range(40)]
    await asyncio.sleep(0)
    asked[0].cancel()  # who goes away does not take it from the others
    press.open.set()
    assert await asyncio.gather(*asked[1:]) == [b"one"] * 39
    assert await printers.print("one", lambda: press.draw("one")) == b"one"
    assert press.drawn == ["one.en"]
    with speaking("fa"):  # in the language of who asks
        await printers.print("one in Persian", lambda: press.draw("one"))
    assert press.drawn == ["one.en", "one.fa"]


@pytest.mark.finding("security-11")
async def test_the_queue_of_documents_is_bounded() -> None:
    printers, press = Printers(), Press()

    def draw(name: str) -> "asyncio.Task[bytes]":
        return asyncio.create_task(printers.print(name, lambda: press.draw(name)))

    waiting = [draw(str(number)) for number in range(8)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await draw("one too many")
    same = draw("0")  # is being drawn already
    await asyncio.sleep(0)
    press.open.set()
    assert await asyncio.gather(*waiting, same) == [*(str(n).encode() for n in range(8)), b"0"]
    assert await draw("one too many") == b"one too many"


@pytest.mark.finding("security-11")
async def test_a_document_that_cannot_be_drawn_is_tried_again() -> None:
    printers = Printers()

    def fail() -> bytes:
        raise ValueError("no paper")

    for _again in range(2):
        with pytest.raises(ValueError, match="no paper"):
            await printers.print("one", fail)
    assert await printers.print("one", lambda: b"drawn") == b"drawn"
