"""An incoming mail once it was read. Apart from its reading, which only a process of its own does."""

from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from safar.kernel.ids import derived_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """A mail server reports what became of a mail of ours.

    `failed`: it was not delivered and will not be; else it is only late, or has arrived. `message_id`: which
    mail it names, of which it proves nothing; `seals`: what it gives back of our own (`channels.returns`).
    """

    message_id: UUID | None
    status: str
    recipient: str = ""
    failed: bool = True
    seals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFile:
    """Something in a mail besides its words. `content` as base64.

    `content_id`: by what its page calls it. `page`: it is the mail's own HTML, as it came but in UTF-8.
    """

    name: str
    mime: str
    bytes: int
    content: str
    content_id: str = ""
    page: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMail:
    """One incoming mail. `error` says why it is no message; its raw form is kept in any case.

    `external_id` names the mail for deduplication: its Message-ID, the sender and what it holds, or the hash
    of the raw mail. `references`: our messages that it answers, newest last. `folded`: what it quotes, and
    its signature. `automatic`: a machine wrote it, nobody waits. `for_people`: no machine may answer it,
    since it came through a list or asks for that (RFC 3834); whoever wrote it waits all the same.
    `reply_to`: another address that asks for the answer, as contact forms do; "" when it is the sender's.
    `results`: what mail servers say of its authentication, topmost first; `recipients` of the envelope.
    `authserv_id`: whose word on its authentication counts, where it is not the one of the settings.
    `files`: what is attached, and its HTML.
    `one_sender`: it has one From header with one address. `verified` and `returned` (which mail of ours came
    back) are decided by who knows whom to trust.
    """

    envelope_id: UUID
    raw: bytes
    external_id: str
    header_id: str | None = None
    references: tuple[UUID, ...] = ()
    address: str = ""
    name: str | None = None
    subject: str = ""
    text: str = ""
    folded: str = ""
    reply_to: str = ""
    results: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    one_sender: bool = True
    verified: bool = False
    returned: UUID | None = None
    automatic: bool = False
    for_people: bool = False
    bounce: Bounce | None = None
    error: str | None = None
    authserv_id: str | None = None
    files: tuple[MailFile, ...] = ()

    @property
    def size_bytes(self) -> int:
        """What it adds to a batch."""
        return len(self.raw) + sum(len(file.content) for file in self.files)


def unread_mail(raw: bytes, error: str | None = None) -> InboundMail:
    """Return a mail of which nothing is known but that it came."""
    digest = sha256(raw).hexdigest()
    return InboundMail(
        envelope_id=derived_id("mail", digest), raw=raw, external_id=f"sha256:{digest}", error=error
    )
