"""The demo's data is clean, its shoppers are usable, and what is made up is not mistaken for the source."""

import csv
import re
from collections import Counter, defaultdict
from dataclasses import FrozenInstanceError
from importlib.resources import files

import pytest

from safar.demo import retail

DATA_BYTES_MAX = 1_500_000
CATEGORIES = {
    "bags",
    "bath",
    "children",
    "christmas",
    "garden",
    "home",
    "jewellery",
    "kitchen",
    "lights",
    "party",
    "signs",
    "stationery",
    "storage",
}
WORDS_IN_CAPITALS = {"3D", "A6", "A7", "ABC", "I", "LED", "S", "TV", "UBO", "US", "WC"}
PROPER_NAMES_MID_TITLE = {"Christmas", "Jack", "London", "Scandinavian", "Spaceboy", "Union"}
NOTES_AND_SERVICES = re.compile(
    r"\?|damage|thrown|\bfound\b|\badjust|wrong|\blost\b|missing|mailout|ebay|amazon|dotcom|\btest\b|sample"
    r"|postage|carriage$|discount|manual|voucher|commission|bank charge|packing charge|bad debt",
    re.IGNORECASE,
)


def units_bought() -> Counter[str]:
    units: Counter[str] = Counter()
    for basket in retail.invoices():
        for sku, quantity in basket.lines:
            units[sku] += quantity
    return units


def test_only_goods_are_for_sale() -> None:
    strange = [
        product.sku for product in retail.products() if not re.fullmatch(r"\d{5}[A-Z]{0,2}", product.sku)
    ]
    assert strange == []
    assert len({product.sku for product in retail.products()}) == len(retail.products()) == 2044


def test_no_service_and_no_internal_note_is_a_title() -> None:
    assert [p.title for p in retail.products() if NOTES_AND_SERVICES.search(p.title)] == []


def test_no_cancellation_is_a_basket_and_no_invoice_comes_twice() -> None:
    invoices = [basket.invoice for basket in retail.invoices()]
    assert [invoice for invoice in invoices if not re.fullmatch(r"5\d{5}", invoice)] == []
    assert len(set(invoices)) == len(invoices) == 490


def test_an_invoice_that_was_cancelled_whole_is_gone_and_its_replacement_is_not() -> None:
    """C572343 took back the nine lines of 572324; 572340 repeats five of them and stands."""
    lines_by_invoice = {basket.invoice: len(basket.lines) for basket in retail.invoices()}
    assert "572324" not in lines_by_invoice
    assert lines_by_invoice["572340"] == 5


def test_a_product_comes_once_in_a_basket() -> None:
    assert [b.invoice for b in retail.invoices() if len(dict(b.lines)) < len(b.lines)] == []
    assert sum(len(basket.lines) for basket in retail.invoices()) == 11_770


def test_prices_stocks_and_quantities_are_positive() -> None:
    assert all(product.price_minor > 0 and product.stock > 0 for product in retail.products())
    assert all(quantity > 0 for basket in retail.invoices() for _, quantity in basket.lines)
    assert {product.currency for product in retail.products()} == {"GBP"}


def test_baskets_and_products_need_each_other() -> None:
    assert set(units_bought()) == {product.sku for product in retail.products()}
    assert all(basket.lines for basket in retail.invoices())


def test_the_shelf_holds_what_the_week_sold() -> None:
    units = units_bought()
    assert [p.sku for p in retail.products() if p.stock < units[p.sku]] == []


def test_baskets_lie_in_one_week_of_opening_hours() -> None:
    minutes = [basket.minute for basket in retail.invoices()]
    assert minutes == sorted(minutes)
    assert {minute // (24 * 60) for minute in minutes} == {0, 1, 2, 3, 4, 6}, (
        "the shop is closed on Saturdays"
    )
    assert all(6 * 60 <= minute % (24 * 60) <= 21 * 60 for minute in minutes)


@pytest.mark.parametrize(
    ("sku", "title", "category", "price_minor"),
    [
        ("85123A", "White hanging heart T-light holder", "lights", 295),
        ("22086", "Paper chain kit 50's Christmas", "christmas", 295),
        ("23084", "Rabbit night light", "lights", 179),
        ("21731", "Red toadstool LED night light", "lights", 165),
    ],
)
def test_well_known_products_read_well(sku: str, title: str, category: str, price_minor: int) -> None:
    product = next(p for p in retail.products() if p.sku == sku)
    assert (product.title, product.category, product.price_minor) == (title, category, price_minor)


def test_titles_are_in_sentence_case() -> None:
    for product in retail.products():
        title = product.title
        assert title == " ".join(title.split()).strip(".,* "), title
        assert title[0].isdigit() or title[0].isupper(), title
        capitals = {
            word for word in re.findall(r"[A-Za-z0-9]+", title) if re.search("[A-Z]", word) and word.isupper()
        }
        assert capitals - {"T"} <= WORDS_IN_CAPITALS, title
        assert "T" not in capitals or re.search(r"\bT-(?:lights?|shirt)\b", title), title


def test_proper_names_keep_their_capital() -> None:
    words = {word for product in retail.products() for word in re.findall(r"[A-Za-z]+", product.title)}
    assert words >= PROPER_NAMES_MID_TITLE
    assert words.isdisjoint(name.lower() for name in PROPER_NAMES_MID_TITLE)


def test_every_category_is_worth_a_place_in_the_navigation() -> None:
    sizes = Counter(product.category for product in retail.products())
    assert set(sizes) == CATEGORIES
    assert min(sizes.values()) >= 20
    assert max(sizes.values()) <= len(retail.products()) / 4


def test_customers_of_the_file_are_those_of_the_baskets() -> None:
    text = (files("safar.demo") / "data" / "customers.csv").read_text(encoding="utf-8")
    listed = [(row["customer"], row["country"]) for row in csv.DictReader(text.splitlines())]
    assert listed == list(dict.fromkeys((b.customer, b.country) for b in retail.invoices()))
    assert all(re.fullmatch(r"[A-Z]{2}", country) for _, country in listed)


def test_five_thousand_shoppers_are_five_thousand_people() -> None:
    shoppers = retail.shoppers(5_000)
    assert len({shopper.key for shopper in shoppers}) == 5_000
    assert len({shopper.email for shopper in shoppers}) == 5_000
    assert len({(shopper.name, shopper.language) for shopper in shoppers}) == 5_000
    assert all(re.fullmatch(r"[a-z0-9-]+@customers\.example", shopper.email) for shopper in shoppers)
    assert all(name == " ".join(name.split()) for name in (shopper.name for shopper in shoppers))


def test_even_four_shoppers_speak_all_four_languages() -> None:
    assert {shopper.language for shopper in retail.shoppers(4)} == {"en", "pt-BR", "fa", "hi"}
    scripts = {"fa": r"[؀-ۿ ]+", "hi": r"[ऀ-ॿ ]+", "en": r"[A-Za-z ]+", "pt-BR": r"[A-Za-zÀ-ÿ ]+"}
    for shopper in retail.shoppers(1_000):
        assert re.fullmatch(scripts[shopper.language], shopper.name), shopper


def test_a_shopper_stays_the_same_whatever_the_limit() -> None:
    assert retail.shoppers(3_000)[:500] == retail.shoppers(500)


def test_each_shopper_carries_a_real_basket_of_their_customer() -> None:
    customers = len({basket.customer for basket in retail.invoices()})
    carried = set()
    for number, shopper in enumerate(retail.shoppers(5_000)):
        basket = retail.invoice_for(shopper.key)
        carried.add(basket.invoice)
        assert basket.customer == shopper.key.partition("-")[0]
        assert basket.country == shopper.country
        assert ("-" in shopper.key) == (number >= customers)
    assert carried == {basket.invoice for basket in retail.invoices()}


@pytest.mark.parametrize("limit", [-1, retail.SHOPPERS_MAX + 1])
def test_a_number_of_shoppers_out_of_bounds_is_refused(limit: int) -> None:
    with pytest.raises(ValueError, match="limit must be between 0 and"):
        retail.shoppers(limit)


def test_the_key_of_a_stranger_has_no_basket() -> None:
    with pytest.raises(KeyError):
        retail.invoice_for("nobody")


def test_the_hot_product_has_the_most_distinct_buyers() -> None:
    buyers: defaultdict[str, set[str]] = defaultdict(set)
    for basket in retail.invoices():
        for sku in dict(basket.lines):
            buyers[sku].add(basket.customer)
    most = max(len(customers) for customers in buyers.values())
    hot = retail.choose_hot_product()
    assert hot.sku == min(sku for sku, customers in buyers.items() if len(customers) == most) == "22086"
    assert most == 55


def test_records_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        retail.products()[0].stock = 0  # type: ignore[misc]


def test_the_data_is_small_and_says_where_it_comes_from() -> None:
    data = files("safar.demo") / "data"
    assert sum(len(entry.read_bytes()) for entry in data.iterdir()) < DATA_BYTES_MAX
    attribution = (data / "ATTRIBUTION.md").read_text(encoding="utf-8")
    assert all(
        needed in attribution for needed in ("Chen", "10.24432/C5BW33", "CC BY 4.0", "What we changed")
    )
