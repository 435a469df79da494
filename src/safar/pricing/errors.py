"""What pricing refuses, and what it tells staff."""

from safar.kernel.errors import Conflict, NotFound


class CodeTaken(Conflict):
    """There is a code %(code)s already. Choose another name, or change that one."""

    code = "code_taken"


class UnknownCode(NotFound):
    """There is no such discount code."""

    code = "unknown_code"


class UnknownZone(NotFound):
    """There is no such shipping zone any more."""

    code = "unknown_zone"
