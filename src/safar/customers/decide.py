"""Whose an address is once something sent to it came back, without I/O."""

from enum import Enum, auto
from uuid import UUID


class ProofVerdict(Enum):
    """What a proof does. In every case the address's owner gets what was claimed with it."""

    NOTHING = auto()  # it was the claimant's already
    KEEP = auto()  # it becomes the claimant's
    FOUND = auto()  # it becomes that of the address's own customer, made now
    JOIN = auto()  # the claimant turns out to be the owner
    HAND_OVER = auto()  # the owner gets what was claimed, the claimant stays who they are


def verdict(
    claimant: UUID, owner: UUID | None, *, brought_by: UUID | None, address_own: UUID, has_address: bool
) -> ProofVerdict:
    """Decide. `address_own`: the customer who stands for the address alone; `has_address`: the claimant
    has proven another one.

    Reading a mailbox proves that of whoever brings the proof, not of whoever typed the address: only the
    claimant's own browser joins the claimant to the mailbox. And only one that is nobody yet: two people who
    share a browser do not become one.
    """
    if owner == claimant:
        return ProofVerdict.NOTHING
    itself = claimant in (brought_by, address_own) and not has_address
    if owner is None:
        return ProofVerdict.KEEP if itself else ProofVerdict.FOUND
    return ProofVerdict.JOIN if itself else ProofVerdict.HAND_OVER
