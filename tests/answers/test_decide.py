"""What the bot understands, in four languages and in spite of typing errors; and what it leaves to people."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import safar.demo
from safar.answers.catalogue import Catalogue
from safar.answers.decide import CONFIDENCE_MIN, understand
from safar.answers.match import Spellings, folded_words
from safar.answers.model import Intent
from safar.kernel.ids import derived_id

UNDERSTOOD = {
    Intent.IN_STOCK: [
        "Is this still in stock?", "is it availabel?", "How many are left?", "85123A in stock?",
        "do yuo have any jumbo bag red retrospot left", "do you have the regency cakestand 3 tier?",
        "Ainda tem em estoque?", "esse produto está disponível?", "está esgotado?", "Oi, ainda tem?",
        "این محصول موجود است؟", "موجوده؟", "سلام، هنوز موجود هست؟", "از این دارید؟", "چند تا مونده؟",
        "क्या यह स्टॉक में है?", "क्या यह उपलब्ध है?", "कितने बचे हैं?",
    ],
    Intent.ORDER_STATUS: [
        "Where is my order?", "Has my order shipped yet?", "my pakcage has not arrived", "order 10023",
        "Onde está o meu pedido?", "Cadê minha encomenda?", "Quando chega meu pedido?",
        "سفارش من کجاست؟", "سفارشم کی می‌رسه؟", "بسته‌ام نرسیده", "وضعیت سفارش ۱۰۰۱۲",
        "मेरा ऑर्डर कहाँ है?", "मेरा पार्सल कब आएगा?", "ऑर्डर की स्थिति बताइए",
    ],
    Intent.OPENING_HOURS: [
        "When are you open?", "opening hours?", "Are you open on Saturday?", "What time do you close?",
        "Qual o horário de funcionamento?", "Que horas vocês abrem?", "Vocês abrem no sábado?",
        "ساعت کاری شما چیه؟", "چه ساعتی باز هستید؟", "فردا باز هستید؟",
        "आप कब खुलते हैं?", "दुकान का समय क्या है?", "आपकी दुकान कितने बजे खुलती है?",
    ],
    Intent.GREETING: ["Hello!", "Olá, bom dia", "سلام", "नमस्ते"],
    Intent.THANKS: ["Thank you very much", "obrigada!", "ممنون از شما", "धन्यवाद"],
    Intent.HUMAN: [
        "I want to talk to a person", "I try to ocntact an agent", "Quero falar com um atendente",
        "می‌خوام با یک نفر صحبت کنم", "لطفا به پشتیبانی وصل کنید", "मुझे किसी से बात करनी है",
    ],
    Intent.UNKNOWN: [
        "I want to cancel my order", "quero cancelar o pedido",
        "سفارشم رو لغو کنید", "मेरा ऑर्डर रद्द कर दो",
        "the mug arrived broken", "Can you ship to Iran?",
        "Vocês entregam em Lisboa?", "به تهران ارسال دارید؟",
        "What colour is it?", "is it dishwasher safe",
        "does it come in blue?", "یخچال دارید؟", "how much is it?",
        "do you have a job for me?", "when does the train to Porto leave",
        "tell me the time in Moscow", "😀", "",
        "is the opera in London open on Sunday",
        "do you have unicorn lamps in stock?", "I left a review",
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def products() -> dict[str, str]:
    with (Path(safar.demo.__file__).parent / "data" / "products.csv").open(encoding="utf-8") as file:
        return {row["sku"]: row["title"] for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def catalogue(products: dict[str, str]) -> Catalogue:
    return Catalogue((derived_id("variant", sku), sku, title) for sku, title in products.items())


@pytest.mark.parametrize(
    ("intent", "text"), [(intent, text) for intent, texts in UNDERSTOOD.items() for text in texts]
)
def test_a_question_is_understood_or_left_to_people(catalogue: Catalogue, intent: Intent, text: str) -> None:
    understood = understand(text, catalogue)
    assert understood.intent is intent
    if intent is Intent.UNKNOWN:
        assert understood.reason
    else:
        assert understood.confidence >= CONFIDENCE_MIN


def test_the_product_that_is_named_is_the_one_meant(products: dict[str, str], catalogue: Catalogue) -> None:
    """Every 7th title of the catalogue is asked for; alike ones may be asked back about, never mixed up."""
    unsure = 0
    asked = list(products.items())[::7]
    for sku, title in asked:
        understood = understand(f"Is the {title.lower()} in stock?", catalogue)
        if understood.mention is None:
            unsure += 1
            continue
        assert understood.mention.variant_id == derived_id("variant", sku) or products_alike(
            products, understood.mention.variant_id, title
        )
        assert understood.intent is Intent.IN_STOCK
    assert unsure < len(asked) * 0.08


def products_alike(products: dict[str, str], variant_id: object, title: str) -> bool:
    found = next(other for sku, other in products.items() if derived_id("variant", sku) == variant_id)
    return found == title


def test_a_sku_names_its_product(catalogue: Catalogue) -> None:
    understood = understand("85123a موجود است؟", catalogue)
    assert understood.mention is not None
    assert understood.mention.variant_id == derived_id("variant", "85123A")


def test_an_orders_number_is_read_in_any_script() -> None:
    assert understand("وضعیت سفارش ۱۰۰۱۲").order_number == 10012
    assert understand("मेरा ऑर्डर १००१२ कहाँ है").order_number == 10012
    assert understand("where is order #10012?").order_number == 10012
    assert understand("where is order 10012 or 10013?").order_number is None


@given(st.text(max_size=300))
def test_no_text_at_all_breaks_it(text: str) -> None:
    understood = understand(text)
    assert 0 <= understood.confidence <= 1
    assert (understood.reason is not None) == (understood.intent is Intent.UNKNOWN)


@given(st.text(alphabet="abcdefgh", min_size=5, max_size=9), st.data())
def test_one_typing_error_is_forgiven(word: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(word) - 1))
    dropped = word[:place] + word[place + 1 :]
    doubled = word[:place] + word[place] + word[place:]
    swapped = word[:place] + word[place : place + 2][::-1] + word[place + 2 :]
    known = Spellings([word])
    for misspelt in (dropped, doubled, swapped) if len(dropped) >= 5 else (doubled, swapped):
        assert known.like(misspelt) == [word]


def test_short_words_are_not_bent_into_others() -> None:
    assert Spellings(["stock"]).like("sock") == []
    assert Spellings(["انبار"]).like("اخبار") == []
    assert folded_words("می‌خوام   Don’t") == ["میخوام", "dont"]
