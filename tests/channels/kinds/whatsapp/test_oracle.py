"""An independent client (pywa) drives our stand-in of WhatsApp, and takes what it posts for Meta's."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, cast
from urllib.parse import urlsplit

import httpx
import pytest

from safar.channels.kinds.port import MessageNotice, Said
from safar.channels.kinds.whatsapp.reader import WhatsAppReader
from safar.standins.clock import LeapingClock
from safar.standins.graph import APP_SECRET, TOKEN
from safar.standins.meta_samples import (
    BUSINESS_ID,
    NUMBER_ID,
    WHATSAPP_MESSAGES,
    WHATSAPP_STATUSES,
    whatsapp_post,
    whatsapp_value,
)
from safar.standins.whatsapp import WhatsAppStandIn
from tests.channels.kinds.meta_accounts import NOW, WHATSAPP, post_of

pywa = pytest.importorskip("pywa")
pytestmark = [
    pytest.mark.oracle,
    pytest.mark.filterwarnings("ignore"),  # of a library that is not ours
]


class Redirected(httpx.HTTPTransport):
    """Whatever is asked of Meta is asked of the stand-in."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._netloc = urlsplit(url)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert request.url.host == "graph.facebook.com" or request.url.port == self._netloc.port
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._netloc.port)
        return super().handle_request(request)


@pytest.fixture
async def far() -> AsyncIterator[WhatsAppStandIn]:
    far = WhatsAppStandIn(clock=LeapingClock())
    far.templates = [
        {
            "id": str(n),
            "name": f"t{n}",
            "language": "en",
            "status": "APPROVED",
            "category": "UTILITY",
            "components": [{"type": "BODY", "text": "Your order is on its way."}],
        }
        for n in range(3)
    ]
    async with far.running():
        yield far


@pytest.fixture
def ask(far: WhatsAppStandIn) -> Iterator[Callable[..., Any]]:
    """Have pywa do something in a thread of its own, while the stand-in answers here."""
    session = httpx.Client(transport=Redirected(far.url))
    client = pywa.WhatsApp(
        NUMBER_ID,
        TOKEN,
        session=session,
        waba_id=BUSINESS_ID,
        server=None,
        app_secret=APP_SECRET,
    )

    def asked(what: str, *given: Any, **named: Any) -> Any:
        return asyncio.to_thread(getattr(client, what), *given, **named)

    yield asked
    session.close()


async def test_it_sends_text_buttons_files_and_reads(far: WhatsAppStandIn, ask: Callable[..., Any]) -> None:
    from pywa.types.callback import Button

    sent = await ask("send_message", "16505551234", "Hello", tracker="ours", reply_to_message_id="wamid.x")
    assert sent.id == far.taken[0]["id"]
    assert far.taken[0]["biz_opaque_callback_data"] == "ours"
    await ask("send_message", "16505551234", "Which?", buttons=[Button("Yes", "yes"), Button("No", "no")])
    await ask("send_message", "US.13491208655302741918", "Hello")
    assert far.taken[-1].get("recipient") == "US.13491208655302741918"
    await ask("send_document", "16505551234", b"%PDF-1.7", filename="a.pdf", mime_type="application/pdf")
    assert [taken["type"] for taken in far.taken] == ["text", "interactive", "text", "document"]
    await ask("mark_message_as_read", "wamid.theirs")


async def test_it_gets_files_and_templates(far: WhatsAppStandIn, ask: Callable[..., Any]) -> None:
    media_id = far.keep(b"picture", "image/jpeg")
    media = await ask("get_media_url", media_id)
    assert await ask("get_media_bytes", media.url) == b"picture"
    listed = await ask("get_templates")
    assert [template.name for template in listed] == ["t0", "t1", "t2"]


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("190", "ExpiredAccessToken"),
        ("131047", "ReEngagementMessage"),
        ("131056", "TooManyMessages"),
        ("130429", "RateLimitHit"),
        ("131026", "MessageUndeliverable"),
        ("131050", "UserStoppedMarketingMessages"),
    ],
)
async def test_it_raises_what_it_documents_for_our_codes(
    far: WhatsAppStandIn, ask: Callable[..., Any], code: str, name: str
) -> None:
    from pywa import errors

    far.fail(code)
    with pytest.raises(getattr(errors, name)):
        await ask("send_message", "16505551234", "Hello")


def test_it_accepts_our_signature_and_refuses_altered_posts(far: WhatsAppStandIn) -> None:
    from pywa import utils

    body = b'{"object": "whatsapp_business_account", "entry": []}'
    header = far.signed(body)["x-hub-signature-256"]
    assert utils.webhook_updates_validator(APP_SECRET, body, header)
    for altered in (body + b" ", body.replace(b"entry", b"Entry"), b""):
        assert not utils.webhook_updates_validator(APP_SECRET, altered, header)
    assert not utils.webhook_updates_validator("another", body, header)


def _reader() -> Any:
    with httpx.Client() as session:
        return pywa.WhatsApp(NUMBER_ID, TOKEN, session=session)


_MESSAGES = (
    "text", "image", "audio", "video", "document", "sticker", "location", "contacts", "order", "reaction",
    "unsupported", "referral",
)  # fmt: skip


@pytest.mark.parametrize("name", _MESSAGES)
def test_it_reads_our_messages_as_metas(name: str) -> None:
    from pywa.types.message import Message

    sample = WHATSAPP_MESSAGES[name]
    update = whatsapp_post({"field": "messages", "value": whatsapp_value(messages=[sample])})
    theirs = Message.from_update(_reader(), cast(Any, update))
    (ours,) = WhatsAppReader().read(WHATSAPP, post_of(update), NOW)
    assert isinstance(ours, Said | MessageNotice)
    assert theirs.id == sample["id"]
    assert theirs.from_user.wa_id == sample["from"]
    if isinstance(ours, Said):
        assert (ours.external_id, ours.text) == (theirs.id, theirs.text or theirs.caption or ours.text)


@pytest.mark.parametrize("name", sorted(WHATSAPP_STATUSES))
def test_it_reads_our_statuses_as_metas(name: str) -> None:
    from pywa.types.message_status import MessageStatus

    sample = WHATSAPP_STATUSES[name]
    update = whatsapp_post({"field": "messages", "value": whatsapp_value(statuses=[sample])})
    theirs = MessageStatus.from_update(_reader(), cast(Any, update))
    (ours,) = WhatsAppReader().read(WHATSAPP, post_of(update), NOW)
    assert isinstance(ours, MessageNotice)
    assert (theirs.id, theirs.status.value) == (ours.external_id, name)
    assert theirs.tracker == (str(ours.our_id) if ours.our_id else None)
    assert (str(theirs.error.code) if theirs.error else None) == ours.code
