"""Whose an address is, case by case: the whole table."""

from uuid import UUID

import pytest

from safar.customers.decide import ProofVerdict, verdict
from safar.kernel.ids import derived_id

ME, OWNER, BY_ADDRESS, OTHER = (derived_id(name) for name in ("me", "owner", "by address", "other"))


@pytest.mark.parametrize(
    ("claimant", "owner", "brought_by", "has_address", "found"),
    [
        (ME, ME, ME, False, ProofVerdict.NOTHING),
        (ME, ME, OTHER, True, ProofVerdict.NOTHING),
        (ME, None, ME, False, ProofVerdict.KEEP),
        (ME, None, ME, True, ProofVerdict.FOUND),  # two people who share a browser do not become one
        (ME, None, OTHER, False, ProofVerdict.FOUND),
        (ME, None, None, False, ProofVerdict.FOUND),
        (BY_ADDRESS, None, OTHER, False, ProofVerdict.KEEP),
        (ME, OWNER, ME, False, ProofVerdict.JOIN),
        (ME, OWNER, ME, True, ProofVerdict.HAND_OVER),
        (ME, OWNER, OTHER, False, ProofVerdict.HAND_OVER),
        (BY_ADDRESS, OWNER, OTHER, False, ProofVerdict.JOIN),
    ],
)
def test_only_the_claimants_own_browser_joins_them_to_a_mailbox(
    claimant: UUID, owner: UUID | None, brought_by: UUID | None, has_address: bool, found: ProofVerdict
) -> None:
    decided = verdict(
        claimant,
        owner,
        brought_by=brought_by,
        address_own=BY_ADDRESS,
        has_address=has_address,
    )
    assert decided is found
