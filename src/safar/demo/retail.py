"""One real week of a British gift shop: its products, the baskets of its customers, and people to shop again.

Products, prices, baskets and countries are real (data/ATTRIBUTION.md says whose, scripts/prepare_retail.py
what was cleaned). The source holds no names, e-mail addresses or languages: those of a `Shopper` are made up,
the same each time, and say nothing about the customer whose basket the shopper carries.
"""

import csv
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

SHOPPERS_MAX = 100_000
LANGUAGES = ("en", "pt-BR", "fa", "hi")

GIVEN_NAMES = {
    "en": """
        Alice Amelia Charlotte Chloe Daisy Eleanor Emily Evelyn Grace Hannah Isla Jessica Lucy Olivia
        Phoebe Rosie Ruby Sophie Adam Arthur Ben Charlie Daniel Edward Ethan Freddie George Harry Jack
        James Leo Noah Oliver Samuel Thomas William
    """,
    "pt-BR": """
        Ana Beatriz Camila Carolina Fernanda Gabriela Helena Isabela Júlia Larissa Letícia Luíza Mariana
        Natália Patrícia Rafaela Sofia Vitória André Antônio Bruno Caio Diego Eduardo Felipe Gustavo
        João José Lucas Marcelo Matheus Otávio Pedro Rafael Thiago Vinícius
    """,
    "fa": """
        سارا مریم زهرا نرگس لیلا نازنین شیرین پریسا مهسا الهام نگار آزاده یاسمن فرشته ستاره مینا بهاره
        رویا علی رضا محمد حسین امیر مهدی بهرام کاوه آرش سیاوش فرهاد کیان نیما پویا بابک داریوش سهراب
        کامران
    """,
    "hi": """
        अनन्या प्रिया पूजा नेहा कविता सुनीता अंजलि दिव्या मीरा रश्मि स्वाति शालिनी गीता आयशा रीना सीमा
        लक्ष्मी निशा आरव अर्जुन राहुल रोहन अमित विकास संजय मनीष सुनील राजेश अनिल दीपक करण निखिल वरुण
        विवेक मोहन इमरान
    """,
}
FAMILY_NAMES = {
    "en": """
        Adams Baker Barnes Bennett Brown Carter Clarke Cooper Davies Edwards Evans Fisher Foster Green
        Griffiths Hall Harris Hughes Jackson Johnson Jones King Lewis Morgan Murphy Parker Patel Roberts
        Robinson Shaw Smith Taylor Turner Walker Wilson Wright
    """,
    "pt-BR": """
        Almeida Alves Araújo Barbosa Barros Batista Cardoso Carvalho Castro Cavalcanti Costa Dias Duarte
        Fernandes Ferreira Freitas Gomes Gonçalves Lima Lopes Machado Marques Martins Mendes Monteiro
        Moreira Moura Nascimento Nogueira Oliveira Pereira Ribeiro Rocha Santos Silva Souza
    """,
    "fa": """
        احمدی محمدی حسینی رضایی کریمی موسوی جعفری رحیمی صادقی هاشمی نوری اکبری قاسمی ابراهیمی یوسفی
        مرادی شریفی کاظمی سلطانی زمانی باقری امینی فرهادی نجفی طاهری بهرامی رستمی کیانی شفیعی عباسی
        حیدری میرزایی نیکنام پارسا دانشور تهرانی
    """,
    "hi": """
        शर्मा वर्मा गुप्ता सिंह कुमार मिश्रा पांडेय यादव जोशी पटेल मेहता अग्रवाल चौहान राठौर तिवारी
        त्रिपाठी सक्सेना श्रीवास्तव ठाकुर नायर रेड्डी अय्यर दास बोस घोष खान अंसारी मल्होत्रा कपूर खन्ना
        भाटिया चोपड़ा देसाई कुलकर्णी पाटिल जैन
    """,
}


@dataclass(frozen=True, slots=True)
class RetailProduct:
    """`price_minor` is in pence; `stock` are the units on the shelf when the week begins."""

    sku: str
    title: str
    category: str
    price_minor: int
    currency: str
    stock: int


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice: `minute` counts from Monday 24 October 2011 00:00, a line is (sku, quantity)."""

    invoice: str
    customer: str
    country: str
    minute: int
    lines: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Shopper:
    """An invented person; `key` leads to a real basket (`invoice_for`), `country` is its customer's."""

    key: str
    name: str
    email: str
    language: str
    country: str


@cache
def products() -> tuple[RetailProduct, ...]:
    """Every product of the week's baskets, by sku."""
    return tuple(
        RetailProduct(
            sku=row["sku"],
            title=row["title"],
            category=row["category"],
            price_minor=int(row["price_minor"]),
            currency=row["currency"],
            stock=int(row["stock"]),
        )
        for row in _rows("products.csv")
    )


@cache
def invoices() -> tuple[Invoice, ...]:
    """The week's baskets in the order of their minute."""
    return tuple(
        Invoice(
            invoice=row["invoice"],
            customer=row["customer"],
            country=row["country"],
            minute=int(row["minute"]),
            lines=tuple(_line(text) for text in row["lines"].split()),
        )
        for row in _rows("baskets.csv")
    )


def shoppers(limit: int) -> tuple[Shopper, ...]:
    """The first `limit` shoppers: the real customers in order of their first basket, then copies of them.

    The languages take turns, so that any four in a row speak all four. Names repeat after 5,184 shoppers,
    keys and addresses never. Raises ValueError outside 0 to SHOPPERS_MAX.
    """
    if not 0 <= limit <= SHOPPERS_MAX:
        raise ValueError(f"limit must be between 0 and {SHOPPERS_MAX}, not {limit}")
    customers = _rows("customers.csv")
    return tuple(_shopper(number, customers) for number in range(limit))


def invoice_for(key: str) -> Invoice:
    """The real basket that this shopper fills; a customer's copies take that customer's baskets in turn.

    Raises KeyError for a key whose customer did not shop in the week.
    """
    customer, _, copy = key.partition("-")
    own = _baskets_by_customer()[customer]
    return own[(int(copy or 1) - 1) % len(own)]


@cache
def choose_hot_product() -> RetailProduct:
    """The product that the most customers bought in the week; of equals, the one with the lowest sku."""
    buyers: defaultdict[str, set[str]] = defaultdict(set)
    for basket in invoices():
        for sku, _ in basket.lines:
            buyers[sku].add(basket.customer)
    return min(products(), key=lambda product: (-len(buyers[product.sku]), product.sku))


def _shopper(number: int, customers: tuple[dict[str, str], ...]) -> Shopper:
    copy, index = divmod(number, len(customers))
    customer = customers[index]
    key = customer["customer"] if copy == 0 else f"{customer['customer']}-{copy + 1}"
    turn, speaks = divmod(number, len(LANGUAGES))
    language = LANGUAGES[speaks]
    return Shopper(
        key=key,
        name=_name(turn, language),
        email=f"shopper-{key}@customers.example",
        language=language,
        country=customer["country"],
    )


def _name(turn: int, language: str) -> str:
    given, family = GIVEN_NAMES[language].split(), FAMILY_NAMES[language].split()
    shift, first = divmod(turn, len(given))
    return f"{given[first]} {family[(first * 7 + shift) % len(family)]}"


def _line(text: str) -> tuple[str, int]:
    sku, _, quantity = text.partition(":")
    return sku, int(quantity)


@cache
def _baskets_by_customer() -> dict[str, list[Invoice]]:
    grouped: dict[str, list[Invoice]] = {}
    for basket in invoices():
        grouped.setdefault(basket.customer, []).append(basket)
    return grouped


@cache
def _rows(name: str) -> tuple[dict[str, str], ...]:
    resource = files("safar.demo") / "data" / name
    return tuple(csv.DictReader(resource.read_text(encoding="utf-8").splitlines()))
