"""What a message carries: a tracked link and a way out, each signed and good for one customer only."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

from safar.campaigns.errors import BadLink
from safar.kernel.errors import BadRequest
from safar.kernel.secrets import Vault
from safar.settings import Settings

_LINK, _UNSUBSCRIBE = "link", "unsubscribe"
_TOKEN_MAX = 200


def link_url(vault: Vault, settings: Settings, send_id: UUID) -> str:
    """Return the address that brings this send's customer to the offer."""
    return f"{settings.public_url.rstrip('/')}/l/{_token(vault, _LINK, send_id)}"


def unsubscribe_url(vault: Vault, settings: Settings, send_id: UUID, language: str) -> str:
    """Return the address at which this send's customer ends such messages; a POST to it needs no page.

    Its page speaks the language of the mail, whatever the browser's is.
    """
    token = _token(vault, _UNSUBSCRIBE, send_id)
    return f"{settings.public_url.rstrip('/')}/unsubscribe/{token}?lang={language}"


def send_of_link(vault: Vault, token: str) -> UUID:
    """Return the send a tracked link was made for. Raises BadLink when it is forged or cut short."""
    return _send(vault, _LINK, token)


def send_of_unsubscribe(vault: Vault, token: str) -> UUID:
    """Return the send an unsubscribe link was made for. Raises BadLink when it is forged or cut short."""
    return _send(vault, _UNSUBSCRIBE, token)


def _token(vault: Vault, purpose: str, send_id: UUID) -> str:
    return vault.sign(purpose, urlsafe_b64encode(send_id.bytes).decode().rstrip("="))


def _send(vault: Vault, purpose: str, token: str) -> UUID:
    if len(token) > _TOKEN_MAX:
        raise BadLink
    try:
        return UUID(bytes=urlsafe_b64decode(f"{vault.unsign(purpose, token)}=="))
    except (BadRequest, ValueError):
        raise BadLink from None
