"""Why somebody is not let in, or may not do something with staff."""

from safar.kernel.errors import Conflict, SafarError


class WrongSignIn(SafarError):
    """The address or the password is wrong. Check both and try again."""

    status = 401
    code = "wrong_sign_in"


class OneTimePasswordEnded(SafarError):
    """This one-time password has expired. Ask an owner for a new one."""

    status = 401
    code = "one_time_password_ended"


class WrongPassword(SafarError):
    """Your current password is wrong. Check it and try again."""

    status = 422
    code = "wrong_password"


class WeakPassword(SafarError):
    """Choose another password: at least 12 characters, not your address and not the current one."""

    status = 422
    code = "weak_password"


class AlreadyStaff(Conflict):
    """Somebody with this address is already in the list below."""

    code = "already_staff"


class LastOwner(Conflict):
    """This is the only owner. Make somebody else an owner first."""

    code = "last_owner"
