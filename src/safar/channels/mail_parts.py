"""What came with a mail: kept as the parts of its message, its own HTML as one of them."""

from base64 import b64decode
from uuid import UUID

from safar.channels.actions import QUERIES
from safar.channels.inbound_mail import InboundMail
from safar.channels.kinds.port import MessagePart, PartKind
from safar.kernel.database import Connection, tuples, value

_KINDS = {"image": PartKind.IMAGE, "audio": PartKind.AUDIO, "video": PartKind.VIDEO}


def parts_of_mail(mail: InboundMail) -> list[MessagePart]:
    """Return what came with a mail, as a message keeps it."""
    return [
        MessagePart(
            kind=PartKind.PAGE if file.page else _KINDS.get(file.mime.partition("/")[0], PartKind.DOCUMENT),
            mime=file.mime,
            name=file.name,
            size=file.bytes,
            data={"content_id": file.content_id} if file.content_id else {},
            content=b64decode(file.content),
        )
        for file in mail.files
    ]


async def html_of_mail(connection: Connection, message_id: UUID) -> str | None:
    """Return a mail's HTML as it came. It is not safe to show."""
    content = await value(connection, QUERIES["page_of_mail"], {"id": message_id})
    return None if content is None else bytes(content).decode("utf-8", "replace")


async def pictures_of_mail(connection: Connection, message_id: UUID) -> dict[str, bytes]:
    """Return what came with a mail, by what its HTML calls it."""
    found = await tuples(connection, QUERIES["pictures_of_mail"], {"id": message_id})
    return {str(content_id): bytes(content) for content_id, content in found}
