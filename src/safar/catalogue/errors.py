"""What the catalogue refuses."""

from safar.kernel.errors import Conflict, NotFound, SafarError


class UnknownProduct(NotFound):
    """We do not sell this. Look for something else in the shop."""

    code = "unknown_product"


class UnknownPicture(NotFound):
    """There is no such picture."""

    code = "unknown_picture"


class SkuTaken(Conflict):
    """The article number %(sku)s belongs to another article. Choose a different one."""

    code = "sku_taken"


class NotToldApart(Conflict):
    """Customers cannot tell %(sku)s from %(other)s: give both the same option with different values."""

    code = "not_told_apart"


class BarcodeTaken(Conflict):
    """The barcode %(barcode)s belongs to the article %(sku)s. Check which of the two is right."""

    code = "barcode_taken"


class UnknownPart(SafarError):
    """One of the parts is not in the catalogue. Check the article numbers of the parts."""

    status = 422
    code = "unknown_part"


class KitOfKits(Conflict):
    """A kit cannot be a part of a kit: give the parts of %(sku)s instead."""

    code = "kit_of_kits"


class TooManyPictures(SafarError):
    """A product can have at most %(most)s pictures. Remove one first."""

    status = 422
    code = "too_many_pictures"


class TooManyVariants(SafarError):
    """A product can have at most %(most)s variants. Make a second product."""

    status = 422
    code = "too_many_variants"


class CategoryInUse(Conflict):
    """There are still products in this category. Move them to another one first."""

    code = "category_in_use"


class ProductArchived(Conflict):
    """This product is archived. Restore it first."""

    code = "product_archived"


class ProductInUse(Conflict):
    """This product cannot be deleted: %(reason)s. Archive it instead."""

    code = "product_in_use"


class PriceUnusual(Conflict):
    """%(sku)s: %(before)s → %(after)s. That is a big step. Save again if it is right."""

    code = "price_unusual"


class PriceChangedMeanwhile(Conflict):
    """Somebody has changed the price of %(sku)s to %(price)s meanwhile. Look at it and save again."""

    code = "price_changed_meanwhile"


class ChangedMeanwhile(Conflict):
    """Somebody changed this since you opened the page. Your input is kept: compare it, then save again."""

    code = "changed_meanwhile"
