"""The bot measured on real utterances that are not in this repository: a wrong answer costs more than none.

bitext: 5,827 English utterances to a shop's support; needs a parquet reader (duckdb, polars or pyarrow).
massive: 394 utterances to a home assistant, in English and in Persian: nearly nothing of it is ours.
The lexicon was written with a look at samples of both, so these figures flatter it.
"""

import importlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from safar.answers.decide import understand
from safar.answers.model import Intent

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "intents"
# What may be said to each of bitext's intents; to every other one, nothing.
RIGHT = {
    "track_order": {Intent.ORDER_STATUS},
    "delivery_period": {Intent.ORDER_STATUS},  # "when will my item arrive"
    "contact_human_agent": {Intent.HUMAN},
    "contact_customer_service": {Intent.HUMAN, Intent.OPENING_HOURS},
}
# What may be said to massive's: greetings, and questions about one's own order.
RIGHT_AT_HOME = {"general_greet": {Intent.GREETING}, "takeaway_query": {Intent.ORDER_STATUS}}


def parquet(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        pytest.skip(f"{path} is absent: evaluation data, not part of this repository")
    for name in ("duckdb", "polars", "pyarrow.parquet"):
        try:
            reader = importlib.import_module(name)
        except ImportError:
            continue
        if name == "duckdb":
            found = reader.sql(f"SELECT utterance, intent FROM '{path}'").fetchall()
            return [{"utterance": utterance, "intent": intent} for utterance, intent in found]
        if name == "polars":
            return list(reader.read_parquet(path).to_dicts())
        return list(reader.read_table(path).to_pylist())
    pytest.skip("no reader of parquet files (duckdb, polars or pyarrow) is installed")


def measure(pairs: list[tuple[str, str]], right: dict[str, set[Intent]]) -> tuple[float, Counter[str]]:
    """Return the share of wrong answers, and how many utterances of ours were answered or handed over."""
    wrong = 0
    ours: Counter[str] = Counter()
    for text, gold in pairs:
        intent = understand(text).intent
        wrong += intent is not Intent.UNKNOWN and intent not in right.get(gold, set())
        if gold in right:
            ours["handed_over" if intent is Intent.UNKNOWN else "answered"] += 1
    return wrong / len(pairs), ours


def test_few_of_a_shops_questions_are_answered_wrongly() -> None:
    found = parquet(FOLDER / "bitext_train.parquet")
    pairs = [(row["utterance"], row["intent"]) for row in found]
    wrong, ours = measure(pairs, RIGHT)
    print(f"bitext: {len(pairs)} utterances, {wrong:.2%} answered wrongly, of ours {dict(ours)}")
    assert wrong < 0.01
    assert ours["answered"] > ours["handed_over"] * 2


@pytest.mark.parametrize("locale", ["en-US", "fa-IR"])
def test_talk_about_other_things_is_hardly_ever_answered(locale: str) -> None:
    path = FOLDER / f"massive_{locale}.jsonl"
    if not path.exists():
        pytest.skip(f"{path} is absent: evaluation data, not part of this repository")
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    wrong, _ours = measure([(line["utt"], line["intent"]) for line in lines], RIGHT_AT_HOME)
    print(f"massive {locale}: {len(lines)} utterances, {wrong:.2%} answered wrongly")
    assert wrong < 0.02
