"""What the inbox refuses."""

from safar.kernel.errors import Conflict, NotFound, SafarError


class NoConversation(NotFound):
    """We could not find this conversation. It may have been merged with another: look in the inbox."""

    code = "no_conversation"


class Overtaken(Conflict):
    """A colleague has replied since you opened this page. Read their reply; send yours again if it is still needed."""  # noqa: E501 - a message is one line - one line, as it is told

    code = "overtaken"


class NoAddress(Conflict):
    """The customer has no address on this channel. Choose another channel."""

    code = "no_address"


class AtLimit(Conflict):
    """They have as many open conversations as they can take. Choose a colleague who is free, or close one first."""  # noqa: E501 - a message is one line

    code = "at_limit"


class ClosedConversation(Conflict):
    """This conversation is closed. Reopen it first."""

    code = "closed_conversation"


class NotProven(SafarError):
    """This does not carry the proof of the provider. Check the secret on the page of the channel."""

    status = 401
    code = "not_proven"


class WindowClosed(Conflict):
    """They have not written on this channel for too long to be answered there. Choose another channel, or send an approved template."""  # noqa: E501 - a message is one line

    code = "window_closed"


class NoPost(NotFound):
    """This message is not kept any more, or its channel is not connected any more."""

    code = "no_post"


class NoSavedReply(NotFound):
    """This saved reply is gone. Somebody may have deleted it: look at the list."""

    code = "no_saved_reply"


class ShortcutTaken(Conflict):
    """Another saved reply has this shortcut. Choose another, or change that one."""

    code = "shortcut_taken"


class PlacesOpen(Conflict):
    """Words in double braces are still to be filled in by hand: we do not know what belongs there."""

    code = "places_open"


class AlreadySent(Conflict):
    """Your reply was sent the first time, with other words. Read it above; send only what is missing."""

    code = "already_sent"
