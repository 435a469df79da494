"""What a provider's notice is refused for."""

from safar.kernel.errors import BadRequest


class BadSignature(BadRequest):
    """This notice is not signed as it should be, and was not read."""

    code = "bad_signature"
