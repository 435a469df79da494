"""Which mail server the shop sends through, and under which address: its owner’s, else the settings’."""

from safar.channels.smtp import SmtpServer
from safar.kernel.errors import BadRequest
from safar.kernel.log import log
from safar.kernel.secrets import Vault
from safar.owner.model import Shop
from safar.settings import Settings

_SCHEMES = {"starttls": "smtp+starttls", "tls": "smtps", "none": "smtp"}


def mail_server(settings: Settings, shop: Shop, vault: Vault) -> SmtpServer:
    """Return the server that mail is handed to."""
    if not shop.mail_host:
        return SmtpServer.of(settings)
    password = None
    if shop.mail_password:
        try:
            password = vault.decrypt(shop.mail_password.encode())
        except BadRequest:  # the installation's secret has changed: the server will refuse us, and say so
            log.error("mail.password_unreadable")
    scheme = _SCHEMES.get(shop.mail_security, "smtp+starttls")
    return SmtpServer(scheme, shop.mail_host, shop.mail_port, shop.mail_user or None, password)


def sender_address(settings: Settings, shop: Shop) -> str:
    """Return the address that the shop's mails come from."""
    return shop.mail_from or settings.mail_from
