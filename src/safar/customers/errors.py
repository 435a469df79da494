"""What can be wrong with an address."""

from safar.kernel.errors import SafarError


class NotAnAddress(SafarError):
    """We cannot use this address. Write an e-mail as name@example.com, a phone number as +44 20 7946 0000."""

    status = 422
    code = "not_an_address"
