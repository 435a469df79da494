"""What the ledger refuses."""

from safar.kernel.errors import Conflict


class BelowPromised(Conflict):
    """That would leave less than is already promised: only %(free)s can be taken away now."""

    code = "below_promised"
