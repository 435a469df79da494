"""What staff type into the catalogue's forms, read into drafts; problems by field."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from safar.catalogue.articles import Article, ProductDraft, VariantDraft, new_article
from safar.catalogue.decide import (
    OPTIONS_MAX,
    barcode_of,
    parts_of_text,
    sku_of,
    text_of_parts,
)
from safar.catalogue.limits import DESCRIPTION_MAX, ORDER_MOST, TITLE_MAX, WEIGHT_G_MAX
from safar.catalogue.model import TAX_CLASSES, Price, ProductWords
from safar.kernel.i18n import LANGUAGES, _
from safar.kernel.money import plain_amount
from safar.kernel.web.forms import Fields

OPTION_MAX = 60


def read_new(fields: Fields, currency: str, categories: Collection[str]) -> Article:
    """Return the new product of the form "new", with its first variant."""
    sku = _sku(fields)
    made = new_article(sku, fields.text("title", length_max=TITLE_MAX), currency)
    product = replace(
        made.product,
        category=_category(fields, categories),
        published=fields.ticked("published"),
        description=_long_text(fields, "description"),
    )
    return Article(product, read_variant(fields, made.variant, ()))


def read_sister(fields: Fields, product: ProductDraft, currency: str, others: Iterable[str]) -> Article:
    """Return a new variant of a product."""
    made = new_article(_sku(fields), product.title, currency)
    variant = replace(made.variant, product_id=product.id)
    return Article(product, read_variant(fields, variant, others))


def read_product(
    fields: Fields,
    before: ProductDraft,
    own_language: str,
    categories: Collection[str],
    option_texts: Iterable[str],
) -> ProductDraft:
    """Return the product of the form; `option_texts`: names and values of options, for their translations."""
    words = {}
    texts = list(option_texts)
    for language in LANGUAGES:
        if language == own_language:
            continue
        title = fields.text(f"title:{language}", length_max=TITLE_MAX, required=False)
        description = _long_text(fields, f"description:{language}")
        options = {
            text: spoken
            for number, text in enumerate(texts)
            if (spoken := fields.text(f"option:{language}:{number}", length_max=OPTION_MAX, required=False))
        }
        if title or description or options:
            words[language] = ProductWords(title, description, options)
    most = fields.optional_integer("order_max", least=1, most=ORDER_MOST)
    return replace(
        before,
        title=fields.text("title", length_max=TITLE_MAX),
        category=_category(fields, categories),
        description=_long_text(fields, "description"),
        words=words,
        order_max=most,
    )


def read_variant(fields: Fields, before: VariantDraft, others: Iterable[str]) -> VariantDraft:
    """Return the variant of the form; `others` are the currencies beside its own that have prices."""
    own = before.currency
    price = fields.amount("price", own)
    was = fields.amount("was_price", own, required=False)
    _check_was(fields, "was_price", price, was)
    prices = dict(before.prices)
    for currency in others:
        set_price = fields.amount(f"price:{currency}", currency, required=False)
        set_was = fields.amount(f"was_price:{currency}", currency, required=False)
        _check_was(fields, f"was_price:{currency}", set_price, set_was)
        prices.pop(currency, None)
        if set_price is not None:
            prices[currency] = Price(set_price, set_was)
    weight = fields.optional_integer("weight_g", least=0, most=WEIGHT_G_MAX) or 0
    tax_class = fields.choice("tax_class", frozenset(TAX_CLASSES)) if "tax_class" in fields.values else ""
    published = before.published
    if "variant_form" in fields.values:
        published = fields.ticked("variant_published")
    return replace(
        before,
        price_minor=price or 0,
        was_minor=was,
        prices=prices,
        weight_g=weight,
        tax_class=tax_class or before.tax_class,
        barcode=_barcode(fields),
        options=_options(fields),
        parts=_parts(fields, before.sku),
        tracks_lots=fields.ticked("tracks_lots"),
        published=published,
        image=fields.values.get("image") or None,
    )


def values_of_variant(variant: VariantDraft) -> dict[str, str]:
    """Return a variant as the fields of its form."""
    values = {
        "sku": variant.sku,
        "price": plain_amount(variant.price_minor, variant.currency),
        "was_price": _price_text(variant.was_minor, variant.currency),
        "barcode": variant.barcode or "",
        "weight_g": str(variant.weight_g or ""),
        "tax_class": variant.tax_class,
        "parts": text_of_parts(variant.parts),
        "image": variant.image or "",
        "tracks_lots": "1" if variant.tracks_lots else "",
        "variant_published": "1" if variant.published else "",
    }
    for currency, price in variant.prices.items():
        values[f"price:{currency}"] = plain_amount(price.price_minor, currency)
        values[f"was_price:{currency}"] = _price_text(price.was_minor, currency)
    for number, (name, value) in enumerate(variant.options.items()):
        values[f"option_name:{number}"], values[f"option_value:{number}"] = name, value
    return values


def values_of_product(product: ProductDraft, option_texts: Iterable[str]) -> dict[str, str]:
    """Return a product as the fields of its form."""
    values = {
        "title": product.title,
        "description": product.description,
        "category": product.category,
        "order_max": str(product.order_max or ""),
    }
    texts = list(option_texts)
    for language, words in product.words.items():
        values[f"title:{language}"], values[f"description:{language}"] = words.title, words.description
        for number, text in enumerate(texts):
            values[f"option:{language}:{number}"] = words.options.get(text, "")
    return values


def texts_of_options(articles: Iterable[Article]) -> list[str]:
    """Return the names and values of the options of a product's variants, each once."""
    pairs = [pair for article in articles for pair in article.variant.options.items()]
    return list(dict.fromkeys([name for name, _value in pairs] + [value for _name, value in pairs]))[:40]


def _sku(fields: Fields) -> str:
    text = fields.text("sku", length_max=100)
    sku = sku_of(text)
    if sku is None:
        fields.problems.setdefault("sku", _("Letters, digits and . - _ + only, at most 40."))
    return sku or "X"


def _category(fields: Fields, categories: Collection[str]) -> str:
    return fields.choice("category", frozenset(categories))


def _long_text(fields: Fields, name: str) -> str:
    text = fields.text(name, length_max=DESCRIPTION_MAX, required=False)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _check_was(fields: Fields, name: str, price: int | None, was: int | None) -> None:
    if was is not None and (price is None or was <= price):
        fields.problems.setdefault(name, _("This must be more than the price, or empty."))


def _price_text(minor: int | None, currency: str) -> str:
    return "" if minor is None else plain_amount(minor, currency)


def _barcode(fields: Fields) -> str | None:
    text = fields.text("barcode", length_max=40, required=False)
    code = barcode_of(text) if text else None
    if text and code is None:
        fields.problems.setdefault(
            "barcode", _("This is not an EAN, UPC or GTIN: a digit is wrong or missing.")
        )
    return code


def _options(fields: Fields) -> dict[str, str]:
    options: dict[str, str] = {}
    for number in range(OPTIONS_MAX):
        key = f"option_value:{number}"
        name = fields.text(f"option_name:{number}", length_max=OPTION_MAX, required=False)
        value = fields.text(key, length_max=OPTION_MAX, required=False)
        if bool(name) != bool(value):
            fields.problems.setdefault(key, _("An option has a name and a value, such as Colour and Red."))
        elif name in options or set(";:") & set(name + value):
            fields.problems.setdefault(key, _("Each option once, without ; and :"))
        elif name:
            options[name] = value
    return options


def read_first_options(fields: Fields) -> dict[str, str]:
    """Return the options that set the first variant apart: the names as for the second, with its values."""
    first: dict[str, str] = {}
    for number in range(OPTIONS_MAX):
        key = f"first_value:{number}"
        name = fields.values.get(f"option_name:{number}", "").strip()
        value = fields.text(key, length_max=OPTION_MAX, required=False)
        if set(";:") & set(value):
            fields.problems.setdefault(key, _("Each option once, without ; and :"))
        elif name and value:
            first[name] = value
    return first


def _parts(fields: Fields, sku: str) -> Mapping[str, int]:
    text = fields.text("parts", length_max=2000, required=False).replace("\n", ";")
    parts = parts_of_text(text)
    if parts is None:
        fields.problems.setdefault("parts", _("SKUs with quantities, such as MUG * 2; BOWL."))
        return {}
    if sku in parts:
        fields.problems.setdefault("parts", _("A kit cannot be a part of itself."))
    return parts
