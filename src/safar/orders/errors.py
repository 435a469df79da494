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
    """The order has changed in the meantime, so this is no longer possible. Reload the page."""

    code = "not_now"


class PartlySent(Conflict):
    """Part of this order has been shipped already. Cancel the remaining items instead."""

    code = "partly_sent"


class OnItsWay(Conflict):
    """A part of your order is on its way already, so it cannot be cancelled. You can send back what comes."""

    code = "on_its_way"


class LeftAlready(Conflict):
    """This order has left already, so its address can no longer be changed."""

    code = "left_already"


class OrderChangedSince(Conflict):
    """A colleague changed this after you opened the page. Check what it says now, then change it again."""

    code = "order_changed_since"


class TooManyTags(Conflict):
    """An order takes at most %(count)s tags. Remove one first."""

    code = "too_many_tags"
