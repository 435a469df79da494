"""The events that this room writes, as staff read them."""

from safar.journal.kinds import EventKind
from safar.kernel.i18n import N_

EVENTS = (
    EventKind("product.viewed", N_("Looked at %(sku)s"), "eye"),
    EventKind("wishlist.created", N_("Started a wishlist")),
    EventKind("wishlist.changed", N_("Changed the wishlist: %(sku)s")),
    EventKind("wishlist.shared", N_("Made a link to the wishlist")),
    EventKind("wishlist.unshared", N_("Ended the link to the wishlist")),
    EventKind("back_in_stock.asked", N_("Asked to be told when %(sku)s is back")),
    EventKind("back_in_stock.confirmed", N_("Confirmed the wish to be told when %(sku)s is back")),
    EventKind("back_in_stock.told", N_("Was told that %(sku)s is back")),
    EventKind("back_in_stock.cancelled", N_("No longer wants to be told about %(sku)s")),
    EventKind("shop_page.saved", N_("Wrote the page %(slug)s of the shop")),
    EventKind("shop_page.removed", N_("Removed the page %(slug)s of the shop")),
    EventKind("search_words.changed", N_("Changed the words that the search takes for the same")),
    EventKind("shop_front.changed", N_("Changed what the shop says of itself")),
)
