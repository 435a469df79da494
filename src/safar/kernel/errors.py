"""Errors that carry their meaning; kernel.web.errors maps them to HTTP in one place."""

from collections.abc import Mapping
from uuid import UUID


class SafarError(Exception):
    """Something went wrong. Please try again."""

    status = 500
    code = "error"

    def __init__(self, **details: object) -> None:
        """Keep `details`: they fill the placeholders of the class's message and go to the caller."""
        self._details = details
        super().__init__()

    def __str__(self) -> str:
        return self.message() % self.details if self.details else self.message()

    @property
    def details(self) -> Mapping[str, object]:
        """What fills the placeholders of the message.

        An error that a plural verb returns formats its amounts and numbers here, when it is shown: only
        then the language of whoever asked is in force.
        """
        return self._details

    @classmethod
    def message(cls) -> str:
        """Return the untranslated message: the class's docstring, its first paragraph on one line."""
        return " ".join((cls.__doc__ or "").split("\n\n")[0].split())


class InvalidInput(SafarError):
    """Please correct the marked fields: %(fields)s."""

    status = 422
    code = "invalid_input"

    def __init__(self, **problems: str) -> None:
        """Take a field's name and what to do about it, already translated, for each bad field."""
        self.problems = problems
        super().__init__(fields="; ".join(f"{name}: {problem}" for name, problem in problems.items()))


class BadRequest(SafarError):
    """This request could not be read. Go back, reload the page and try again."""

    status = 400
    code = "bad_request"


class SignInNeeded(SafarError):
    """Please sign in first."""

    status = 401
    code = "sign_in_needed"


class Forbidden(SafarError):
    """You are not allowed to do this. Ask someone with the right role."""

    status = 403
    code = "forbidden"


class CrossSite(Forbidden):
    """This request came from another site and was not carried out. Open the page here and try again."""

    code = "cross_site"


class NotFound(SafarError):
    """We could not find this. Check the address, or start from the first page."""

    status = 404
    code = "not_found"


class MethodNotAllowed(SafarError):
    """This address does not take that kind of request."""

    status = 405
    code = "method_not_allowed"


class Conflict(SafarError):
    """This was already done in another way. Reload the page to see how it stands."""

    status = 409
    code = "conflict"


class CookiesNeeded(SafarError):
    """Your browser keeps no cookies; the shop needs them for cart and order. Allow them, then try again."""

    status = 403
    code = "cookies_needed"


class SameKeyOtherBody(Conflict):
    """This request id was already used for a different request. Use a new one."""

    code = "same_key_other_body"


class BodyTooSlow(SafarError):
    """What you sent did not arrive in time. Check your connection, then try again."""

    status = 408
    code = "body_too_slow"


class BodyTooLarge(SafarError):
    """That is too large: at most %(bytes_max)s bytes are accepted."""

    status = 413
    code = "body_too_large"


class TooManyAttempts(SafarError):
    """Too many attempts. Wait %(minutes)s minutes and try again."""

    status = 429
    code = "too_many_attempts"


class Overloaded(SafarError):
    """We are very busy at this moment; nothing was changed. Please try again in a few seconds."""

    status = 503
    code = "overloaded"


class DeadlinePassed(Overloaded):
    """This took too long and was dropped before anything was changed. Please try again."""

    code = "deadline_passed"


class Interrupted(SafarError):
    """The connection to our database broke: we cannot tell whether this was done. Reload the page to see."""

    status = 503
    code = "interrupted"


class Busy(Overloaded):
    """Somebody else is changing this just now; nothing was changed. Please try again in a few seconds."""

    code = "busy"

    def __init__(self, ids: frozenset[UUID] = frozenset()) -> None:
        """Take the ids of the holds whose rows another transaction has locked."""
        self.ids = ids
        super().__init__()

    def concerns(self, request: object) -> bool:
        """Tell whether a request (of a batch: an id, or what has one as a field) needs those rows."""
        if isinstance(request, UUID):
            return request in self.ids
        return any(getattr(request, name, None) in self.ids for name in ("hold_id", "order_id", "visit_id"))
