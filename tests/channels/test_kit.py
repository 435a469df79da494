"""The kit: our channels pass it, so does one made from it alone, and one that breaks a promise does not."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from importlib.metadata import EntryPoint

import pytest

from safar.channels.kinds.port import (
    ChannelAccount,
    Happened,
    OutboundMessage,
    Post,
    SendResult,
    Verdict,
)
from safar.channels.kit import KitCase, kit_json, run_kit
from safar.channels.plugins import kinds_of_others
from safar.standins.cases import kit_cases
from tests.channels.carrier_pigeon import CASE, KIND, PigeonPostReader, PigeonPostSender


async def broken(case: KitCase) -> list[str]:
    return [problem for result in await run_kit(case) for problem in result.problems]


@pytest.mark.parametrize("name", ["telegram", "sms", "http"])
async def test_our_channels_keep_every_promise(name: str) -> None:
    assert await broken(kit_cases()[name]) == []


async def test_a_channel_made_from_the_kit_alone_keeps_every_promise() -> None:
    results = await run_kit(CASE)
    assert [result for result in results if result.problems] == []
    assert '"passed": true' in kit_json(CASE, results)


class _Trusting(PigeonPostReader):
    def check(self, account: ChannelAccount, post: Post) -> None:
        return


class _Hasty(PigeonPostReader):
    def read(self, account: ChannelAccount, post: Post, now: datetime) -> Sequence[Happened]:
        return super().read(account, post, now)[:1]


class _Crashing(PigeonPostReader):
    def read(self, account: ChannelAccount, post: Post, now: datetime) -> Sequence[Happened]:
        raise ValueError("no bird")


class _Hopeful(PigeonPostSender):
    async def send(self, letter: OutboundMessage) -> SendResult:
        result = await super().send(letter)
        unknown = result.verdict is Verdict.UNKNOWN
        return replace(result, verdict=Verdict.SENT) if unknown else replace(result, pause_s=0)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"reader": _Trusting()}, "taken without a proof"),
        ({"reader": _Hasty()}, "a bad element keeps others out"),
        ({"reader": _Crashing()}, "no bird"),
        ({"sender": _Hopeful}, "again without a pause"),
        ({"sender": _Hopeful}, "hawk: sent, not unknown"),
        ({"identities": ("email",)}, "a person of a kind"),
    ],
)
async def test_a_channel_that_breaks_a_promise_is_told_which(
    changes: Mapping[str, object], said: str
) -> None:
    case = replace(CASE, kind=replace(KIND, **changes))  # type: ignore[arg-type]  # fields by name
    assert any(said in problem for problem in await broken(case))


def test_a_package_of_others_brings_a_channel_and_a_broken_one_keeps_no_shop_from_starting() -> None:
    def entry(name: str, value: str) -> EntryPoint:
        return EntryPoint(name, value, "safar.channels")

    found = [
        entry("lost", "no.such.package:KIND"),
        entry("other", "tests.channels.carrier_pigeon:CODES"),
        entry("carrier_pigeon", "tests.channels.carrier_pigeon:KIND"),
        entry("carrier_pigeon", "tests.channels.carrier_pigeon:KIND"),
    ]
    assert kinds_of_others(frozenset({"telegram"}), found) == [KIND]
    assert kinds_of_others(frozenset({"carrier_pigeon"}), found) == []
