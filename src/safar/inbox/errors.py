"""What the inbox refuses."""

from safar.kernel.errors import Conflict, NotFound


class NoConversation(NotFound):
    """We could not find this conversation. It may have been merged with another: look in the inbox."""

    code = "no_conversation"


class Overtaken(Conflict):
    """A colleague has replied since you opened this page. Read their reply; send yours again if it is still needed."""  # noqa: E501 - a message is one line - one line, as it is told

    code = "overtaken"


class NoAddress(Conflict):
    """The customer has no address on this channel. Choose another channel."""

    code = "no_address"
