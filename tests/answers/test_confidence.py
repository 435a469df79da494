"""How sure the bot is: the share of telling words that are explained, counted by hand."""

import pytest

from safar.answers.catalogue import Catalogue
from safar.answers.decide import understand
from safar.answers.model import Intent
from safar.kernel.ids import derived_id

GOODS = Catalogue(
    [
        (derived_id("variant", 1), "MUG1", "Red enamel mug"),
        (derived_id("variant", 2), "MUG2", "Blue enamel mug"),
        (derived_id("variant", 3), "LAMP", "Brass lantern"),
    ]
)
ORDER, HOURS, STOCK, NONE = Intent.ORDER_STATUS, Intent.OPENING_HOURS, Intent.IN_STOCK, Intent.UNKNOWN


@pytest.mark.parametrize(
    ("text", "intent", "confidence", "reason"),
    [
        ("where is my order", ORDER, 1, None),
        # What is left over counts for more than its share: nine tenths of what is explained.
        ("my order zebra arrived", NONE, 0.9 * 2 / 3, "unsure"),
        ("order arrived zebra lion", NONE, 0.9 * 2 / 4, "unsure"),
        # The number is explained like a word of the question.
        ("my order 10012 zebra", NONE, 0.9 * 2 / 3, "unsure"),
        ("order status 10012 zebra", ORDER, 0.9 * 3 / 4, None),
        ("cancel my order arrived", NONE, 0, "about_order"),
        ("cancel is it in stock", NONE, 0, "not_understood"),
        ("my order", NONE, 0, "not_understood"),
        # Of two questions the one that explains more: two words of four, and nine tenths of two.
        ("opening hours and where is my order", NONE, 2 / 4, "unsure"),
        ("shop opening hours saturday order arrived", HOURS, 4 / 6, None),
        ("opening hours zebra", HOURS, 2 / 3, None),
        ("opening hours zebra lion", NONE, 2 / 4, "unsure"),
        ("is the shop open zebra", HOURS, 2 / 3, None),
        ("hours saturday", HOURS, 1, None),
        # Whose hours? In a message of three words the shop's; in a longer one it has to say so.
        ("hours on saturday", HOURS, 1, None),
        ("hours now on saturday", NONE, 0, "not_understood"),
        # Two rules explain all of it: a greeting, and whether something is there.
        ("hello do you have this", NONE, 1, "unsure"),
        ("hello zebra", NONE, 1 / 2, "unsure"),
        ("thanks hello", Intent.THANKS, 1, None),
        ("talk to a person", Intent.HUMAN, 1, None),
        # Who asks for a person gets one, whatever else they say: at the least confidence.
        ("talk to a person zebra lion monkey tiger", Intent.HUMAN, 0.65, None),
        ("speak to a person when is the shop open", HOURS, 1, None),
        ("agent", NONE, 0, "not_understood"),
        ("cancel my order", NONE, 0, "about_order"),
        ("is the brass lantern in stock", STOCK, 1, None),
        # A yes is about what was named: half of what would be enough.
        ("brass lantern in stock zebra", NONE, 0.65 / 2, "unsure"),
        ("do you have red brass", NONE, 0.65 / 2, "unsure"),
        ("do you have this", STOCK, 1, None),
        ("do you have this in blue", NONE, 0, "not_understood"),
        ("enamel mug in stock", STOCK, 1, None),
        ("red mug", NONE, 0, "not_understood"),
        ("is this available thanks", STOCK, 1, None),
    ],
)
def test_a_message_is_understood_by_the_share_of_it_that_is_explained(
    text: str, intent: Intent, confidence: float, reason: str | None
) -> None:
    understood = understand(text, GOODS)
    assert (understood.intent, understood.reason) == (intent, reason)
    assert understood.confidence == pytest.approx(confidence)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("order 123", None), ("order 1234", 1234), ("order 12345678901", 12_345_678_901),
        ("order 123456789012", None), ("order 10012 10013", None), ("10012", None),
    ],
)  # fmt: skip
def test_the_number_of_an_order_has_four_to_eleven_digits(text: str, number: int | None) -> None:
    assert understand(text).order_number == number


@pytest.mark.parametrize(("others", "reason"), [(18, "unsure"), (19, "not_understood")])
def test_a_message_of_more_than_twenty_telling_words_is_for_a_person(others: int, reason: str) -> None:
    words = [f"zebra{letter}" for letter in "abcdefghijklmnopqrs"[:others]]
    understood = understand(" ".join(["order", "arrived", *words]))
    assert (understood.intent, understood.reason) == (Intent.UNKNOWN, reason)
    assert understood.confidence == pytest.approx(0.9 * 2 / 20 if reason == "unsure" else 0)


def test_words_of_several_goods_are_told_as_a_kind() -> None:
    mugs = understand("enamel mug in stock", GOODS)
    assert (mugs.ambiguous, mugs.mention, mugs.kind, mugs.titles) == (True, None, "enamel mug", 2)
    lantern = understand("is the brass lantern in stock", GOODS)
    assert lantern.mention is not None
    assert (lantern.mention.variant_id, lantern.kind) == (derived_id("variant", 3), None)
