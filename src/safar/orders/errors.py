"""What an order refuses as it stands, and what it tells."""

from safar.kernel.errors import Conflict, Forbidden, SafarError


class LinkOver(SafarError):
    """This link no longer opens the order. Use the one in our newest e-mail, or ask us for a new one."""

    status = 410
    code = "link_over"


class NotShownHere(Forbidden):
    """Open the link in our e-mail about this order in this browser first, then try again."""

    code = "not_shown_here"


class NotNow(Conflict):
    """The order is in another state by now, so this cannot be done. Reload the page to see how it stands."""

    code = "not_now"


class PartlySent(Conflict):
    """A part of this order has left already, so it cannot be cancelled any more. Give up the rest instead."""

    code = "partly_sent"


class OnItsWay(Conflict):
    """A part of your order is on its way already, so it cannot be cancelled. You can send back what comes."""

    code = "on_its_way"
