"""Personal invitations: signed links past the queue, for whom a unit is kept already."""

from datetime import datetime
from uuid import UUID

from safar.gate.tickets.model import Invitation
from safar.gate.tickets.seal import Seal
from safar.kernel.ids import new_id
from safar.kernel.secrets import Vault
from safar.settings import Settings


def new_invitation(
    expires_at: datetime, *, customer_id: UUID | None = None, campaign_id: UUID | None = None
) -> Invitation:
    """Return a new invitation: one visit at a time, within the share of places kept for invitations."""
    return Invitation(new_id(), customer_id, campaign_id, expires_at)


def invitation_url(vault: Vault, settings: Settings, site_key: str, invitation: Invitation) -> str:
    """Return the personal link; who else follows it shares the one visit that it is good for."""
    token = Seal(vault, site_key).invitation_text(invitation)
    return f"{settings.public_url.rstrip('/')}/invited/{token}"
