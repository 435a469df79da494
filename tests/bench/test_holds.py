"""The bench of the ledger follows the ledger's statements: it runs, and its figures add up."""

from safar.bench.holds import measure


async def test_the_bench_of_holds_runs() -> None:
    figures = await measure(0.02)
    assert figures["limit_per_s"] > 0
    assert min(figures["holds_per_s"].values()) > 0
