"""Mails that customers write."""

from email.message import EmailMessage

import aiosmtplib

from safar.channels.email_in import MailListener
from safar.kernel.ids import new_id

# The mail server that stands before the shop in tests.
AUTHSERV_ID = "mx.safar.example"


async def send(
    listener: MailListener, raw: bytes, sender: str = "ana@example.com", to: str = "shop@safar.example"
) -> None:
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=listener.port, timeout=30) as client:
        await client.sendmail(sender, [to], raw)


def written(text: str, sender: str = "Ana <ana@example.com>", **headers: str) -> bytes:
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = "shop@safar.example"
    mail["Subject"] = headers.pop("subject", "Question")
    mail["Message-ID"] = headers.pop("message_id", f"<{new_id()}@example.com>")
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail.as_bytes()


def proven(text: str, sender: str = "Ana <ana@example.com>", **headers: str) -> bytes:
    """Return a mail as the mail server before us hands it on when DMARC has passed."""
    domain = sender.rstrip(">").rpartition("@")[2]
    result = f"Authentication-Results: {AUTHSERV_ID}; dmarc=pass (p=none) header.from={domain}\n"
    return result.encode() + written(text, sender, **headers)
