"""What the gate refuses."""

from safar.kernel.errors import Forbidden, Overloaded, SafarError


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


class QueueEnded(SafarError):
    """The queue has ended: what was on offer is gone, or the shop has closed."""

    status = 410
    code = "queue_ended"
