"""Errors of the storefront; the docstring is what people read."""

from safar.kernel.errors import NotFound, SafarError


class TooManyFromNetwork(SafarError):
    """Very many ask from your network just now. Please try again in a few minutes."""

    status = 429
    code = "too_many_requests"


class TooManyBackRequests(SafarError):
    """This address asks to be told about many things today already. Please try again tomorrow."""

    status = 429
    code = "too_many_requests"


class WishlistFull(SafarError):
    """A wishlist has room for %(count)s products. Take one off it first."""

    status = 409
    code = "wishlist_full"


class UnknownWishlist(NotFound):
    """There is no wishlist here. The link may have ended, or was cut short: ask for a new one."""


class UnknownSignUp(NotFound):
    """We no longer know this sign-up. Perhaps the link was cut short, or is too old: please sign up again."""

    code = "unknown_sign_up"


class UnknownBackRequest(NotFound):
    """We know nothing of this request any more. Perhaps it has been answered, or the link was cut short."""


class TooManyPages(SafarError):
    """A shop can have %(most)s pages of its own at most."""

    status = 422
    code = "too_many_pages"
