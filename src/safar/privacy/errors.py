"""Why a person's data cannot be handed out or taken away."""

from safar.kernel.errors import SafarError


class UnknownPerson(SafarError):
    """Nobody is known by this address or number."""

    status = 404
    code = "unknown_person"


class OrderUnderWay(SafarError):
    """An order of this customer is still under way. Finish or cancel it first."""

    status = 409
    code = "order_under_way"
