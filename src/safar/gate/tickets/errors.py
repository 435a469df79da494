"""What the gate refuses."""

from safar.kernel.errors import Conflict, Forbidden, NotFound, Overloaded, SafarError


class TicketRefused(Forbidden):
    """This ticket or pass was not issued here, so it was set aside. Come in through the front door again."""

    code = "ticket_refused"


class TicketExpired(SafarError):
    """Your place in the queue has expired, because it is more than a day old. Take a new one."""

    status = 410
    code = "ticket_expired"


class Waiting(Overloaded):
    """The shop is full at this moment. Wait for your turn at /wait; you have a place in the queue."""

    code = "waiting"

    def __init__(self, path: str = "/wait") -> None:
        """Take the path of the waiting room: that of a product has its own."""
        self.path = path
        super().__init__()


class UsedFromManyNetworks(Forbidden):
    """This place is in use from several networks already. Come again in a few minutes for a new one."""

    code = "used_from_many_networks"


class QueueEnded(SafarError):
    """The queue has ended: what was on offer is gone, or the shop has closed."""

    status = 410
    code = "queue_ended"


class WorkWrong(SafarError):
    """The proof of work of this browser is wrong or too old. Reload the page: it does a new one by itself."""

    status = 400
    code = "work_wrong"


class NotPatientYet(SafarError):
    """This was too early. Go back, wait the rest of the %(seconds)s seconds there, then press again."""

    status = 429
    code = "not_patient_yet"


class WorkNeeded(Overloaded):
    """Numbers are given only to browsers that have done a small proof of work. Open /wait in a browser."""

    code = "work_needed"


class TooManyVisitors(SafarError):
    """Too many places in the queue were asked for from your network. Try again in %(seconds)s seconds."""

    status = 429
    code = "too_many_visitors"


class UnknownSite(NotFound):
    """There is no such waiting room. Check the address, or start from the first page."""

    code = "unknown_site"


class SiteTaken(Conflict):
    """There is a waiting room of this name already."""

    code = "site_taken"


class OpeningHasBegun(Conflict):
    """The opening has begun and its draw is under way; it cannot be put off any more."""

    code = "opening_has_begun"
