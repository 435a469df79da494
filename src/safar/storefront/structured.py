"""A product for machines (schema.org): one Product, or a ProductGroup with its variants."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from safar.cart.available import Available
from safar.catalogue.images import picture_url
from safar.catalogue.model import Price, Product, ProductWords, Variant
from safar.kernel.i18n import current_language
from safar.kernel.money import Money

_VARIANTS_MAX = 24
# What schema.org has a property for; other options are told by their names.
_PROPERTIES = {
    "colour": "color", "color": "color", "size": "size", "material": "material", "pattern": "pattern",
}  # fmt: skip


def structured_product(
    base: str,
    product: Product,
    words: ProductWords,
    variants: Sequence[Variant],
    prices: Mapping[UUID, Price],
    offers: Mapping[UUID, Available],
    currency: str,
    brand: str,
) -> dict[str, Any]:
    """Return the data block of a product page: addresses begin with `base`, offers are in `currency`."""
    address = f"{base}/p/{product.slug}"
    about: dict[str, Any] = {
        "name": words.title,
        "description": words.description or words.title,
        "inLanguage": current_language(),
        "url": address,
    }

    def entry(variant: Variant) -> dict[str, Any]:
        data: dict[str, Any] = {"@type": "Product", "sku": variant.sku}
        data["image"] = [base + picture_url(variant.image, product.slug, 1280)]
        if variant.barcode:
            data["gtin"] = variant.barcode
        for name, value in variant.options.items():
            if name.casefold() in _PROPERTIES:
                data[_PROPERTIES[name.casefold()]] = words.options.get(value, value)
        if price := prices.get(variant.id):
            data["offers"] = _offer(price, offers[variant.id], currency, f"{address}?sku={variant.sku}")
            data["offers"]["seller"] = {"@type": "Organization", "name": brand}
        return data

    if len(variants) == 1:
        return {"@context": "https://schema.org", **entry(variants[0]), **about}
    names = dict.fromkeys(name for variant in variants for name in variant.options)
    return {
        "@context": "https://schema.org",
        "@type": "ProductGroup",
        **about,
        "productGroupID": str(product.id),
        "variesBy": [
            f"https://schema.org/{_PROPERTIES[name.casefold()]}" if name.casefold() in _PROPERTIES else name
            for name in names
        ],
        "hasVariant": [
            {**entry(variant), "name": f"{words.title} · {_choice(variant, words)}"}
            for variant in variants[:_VARIANTS_MAX]
        ],
    }


def _offer(price: Price, offer: Available, currency: str, address: str) -> dict[str, Any]:
    state = "InStock" if offer.free else "BackOrder" if offer.backorder else "OutOfStock"
    return {
        "@type": "Offer",
        "price": str(Money(price.price_minor, currency).major()),
        "priceCurrency": currency,
        "availability": f"https://schema.org/{state}",
        "url": address,
    }


def _choice(variant: Variant, words: ProductWords) -> str:
    return " / ".join(words.options.get(value, value) for value in variant.options.values())
