"""What purchasing refuses."""

from safar.kernel.errors import Conflict, NotFound, SafarError


class UnknownPurchase(NotFound):
    """There is no such purchase order. Look for it in the list."""

    code = "unknown_purchase"


class UnknownSupplier(NotFound):
    """There is no such supplier. Look for them in the list, or add them."""

    code = "unknown_supplier"


class NotADraft(Conflict):
    """This order was sent already, so it stays as it is. Draft another one for what is missing."""

    code = "not_a_draft"


class NothingOrdered(SafarError):
    """There is nothing on this order yet. Add a line first."""

    status = 422
    code = "nothing_ordered"


class PurchaseNotOpen(Conflict):
    """Nothing can come in on this order: it was not sent yet, or it is closed. Reload the page."""

    code = "not_open"


class NotOnOrder(Conflict):
    """Some of these articles are not on this order. Take them in on their stock pages."""

    code = "not_on_order"


class MoreCameThanOrdered(Conflict):
    """More came of %(sku)s than was ordered. Tick “More came than was ordered” if that is right."""

    code = "more_than_ordered"


class TooManyLines(SafarError):
    """One document has %(count)s lines at most. Begin another one for the rest."""

    status = 422
    code = "too_many_lines"
