"""The events that this room writes, as staff read them."""

from safar.journal.kinds import EventKind
from safar.kernel.i18n import N_

EVENTS = (
    EventKind("product.created", N_("Added %(sku)s to the catalogue"), "eye"),
    EventKind("product.changed", N_("Changed %(sku)s in the catalogue"), "eye"),
    EventKind("product.published", N_("Published a product"), "eye"),
    EventKind("product.hidden", N_("Unpublished a product"), "eye"),
    EventKind("product.archived", N_("Archived the product %(product)s"), "eye"),
    EventKind("product.restored", N_("Restored the product %(product)s from the archive"), "eye"),
    EventKind("product.deleted", N_("Deleted the product %(product)s"), "trash"),
    EventKind("product.pictures_changed", N_("Changed the pictures of a product"), "eye"),
    EventKind("price.changed", N_("Changed the price of %(sku)s: %(from)s → %(to)s"), "tag"),
    EventKind("category.changed", N_("Changed a category"), "tag"),
    EventKind("catalogue.imported", N_("Imported a product file: %(quantity)s rows"), "tag"),
    EventKind("rates.changed", N_("Changed the currencies"), "cash"),
)
