"""Policies: what of a variant is kept back, what may be promised beyond, and until when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute, rows
from safar.stock.actions import open_levels
from safar.stock.limits import QUERIES, write_limits
from safar.stock.locations import selling_locations


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds for a variant; as it stands here: nothing kept back, nothing promised beyond.

    `safety_units` are kept back at each location that sells, `backorder_units` may be promised beyond what
    lies there, over all locations. Units ordered before `preorder_from` leave on that day; otherwise a unit
    that has to come in first, and is on no order yet, leaves after `promise_days` (None: nobody knows).
    """

    variant_id: UUID
    safety_units: int = 0
    backorder_units: int = 0
    preorder_from: date | None = None
    promise_days: int | None = None


async def policies(connection: Connection, variant_ids: Iterable[UUID]) -> dict[UUID, Policy]:
    """Return the policies of those of the variants that have one."""
    params = {"variant_ids": list(dict.fromkeys(variant_ids))}
    return {
        policy.variant_id: policy for policy in await rows(Policy, connection, QUERIES["policies"], params)
    }


async def set_policy_many(connection: Connection, wanted: Sequence[Policy], *, staff_id: UUID | None) -> None:
    """Set policies, and write them through to the accounts. Writes stock.policy_set for what changed.

    A backorder of which some is promised already is not cut below that.
    """
    before = await policies(connection, [policy.variant_id for policy in wanted])
    once = {policy.variant_id: policy for policy in wanted}
    changed = [policy for policy in once.values() if before.get(policy.variant_id) != policy]
    if not changed:
        return
    params = {"policies": as_json(changed), "now": clock.now()}
    await execute(connection, QUERIES["set_policies"], params)
    first = next(iter(await selling_locations(connection, "")), None)
    beyond = [policy.variant_id for policy in changed if policy.backorder_units]
    if first and beyond:  # what was never there can be promised, too
        await open_levels(connection, [(variant_id, first.location_id) for variant_id in beyond])
    await write_limits(connection, [policy.variant_id for policy in changed])
    await append_many(connection, [_event(policy, staff_id) for policy in changed])


def _event(policy: Policy, staff_id: UUID | None) -> Event:
    return Event(
        name="stock.policy_set",
        staff_id=staff_id,
        subject_id=policy.variant_id,
        properties={
            "safety_units": policy.safety_units,
            "backorder_units": policy.backorder_units,
            "preorder_from": policy.preorder_from,
            "promise_days": policy.promise_days,
        },
    )
