"""Who of the staff makes a request; the sign-in layer of the console sets it, every page can ask."""

from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request

from safar.kernel.errors import SignInNeeded

_RANKS = {"agent": 1, "manager": 2, "owner": 3}


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in member of the staff."""

    id: UUID
    email: str
    name: str
    role: str

    def may(self, role: str) -> bool:
        """Tell whether this role is at least `role` (agent < manager < owner)."""
        return _RANKS[self.role] >= _RANKS[role]


def actor_of(request: Request) -> Actor:
    """Return who is asking; what they may, the route says. Raises SignInNeeded without anybody."""
    actor = getattr(request.state, "staff", None)
    if not isinstance(actor, Actor):
        raise SignInNeeded
    return actor
