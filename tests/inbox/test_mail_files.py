"""What came with a mail, in the console over real HTTP: saved, never run; its own page in a frame."""

import re

import httpx
import pytest

from safar.inbox.jobs import mail_listener
from safar.kernel.context import Context
from tests.channels.corpus.case import joined, part
from tests.channels.corpus.case import mail as mail_of
from tests.stage.mails import send
from tests.stage.people import signed_in

_KINDS = [
    "text/html", "application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml", "text/javascript",
    "application/javascript", "application/pdf", "image/png", "text/plain", "text/css", "message/rfc822",
    "application/x-shockwave-flash", "application/octet-stream", "text/vbscript", "application/xslt+xml",
    "multipart/x-mixed-replace", "video/mp4", "audio/mpeg", "application/zip", "application/msword",
    "text/csv",
    "application/rtf", "image/gif",
]  # fmt: skip


@pytest.fixture
async def conversation_page(shop: Context, console: str) -> str:
    attached = [
        part("<script>alert(1)</script>", kind, 'Content-Disposition: attachment; filename="a\\"b<i>.html"')
        for kind in _KINDS
    ]
    page = part("<h1>Broken</h1><img src='https://spy.example/p.gif'><script>alert(1)</script>", "text/html")
    listener = mail_listener(shop)
    await listener.open(port=0)
    try:
        await send(listener, mail_of(joined(page, *attached), kind="multipart/mixed; boundary=x"))
    finally:
        await listener.close()
    async with await signed_in(shop, console) as client:
        inbox = await client.get("/inbox")
        found = re.search(r'id="c-([0-9a-f-]{36})"', inbox.text)
        assert found is not None
        return (await client.get(f"/inbox/{found[1]}")).text


async def test_fault_57_no_file_of_a_message_runs_as_a_page(
    shop: Context, console: str, conversation_page: str
) -> None:
    files = re.findall(r'href="(/inbox/files/[0-9a-f-]{36})"', conversation_page)
    assert len(files) >= 20
    async with await signed_in(shop, console) as client:
        for path in files:
            answer = await client.get(path)
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "application/octet-stream"
            assert answer.headers["content-disposition"].startswith("attachment; ")
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    async with httpx.AsyncClient(base_url=console) as stranger:
        assert (await stranger.get(files[0])).status_code in (303, 401)


async def test_a_mail_is_shown_as_it_was_sent_without_telling_its_sender(
    shop: Context, console: str, conversation_page: str
) -> None:
    found = re.search(r'src="(/channels/messages/[0-9a-f-]{36}/page)"', conversation_page)
    assert found is not None
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in conversation_page
    async with await signed_in(shop, console) as client:
        answer = await client.get(found[1])
        policy = answer.headers["content-security-policy"]
        assert "<h1>Broken</h1>" in answer.text
        assert "alert" not in answer.text
        assert "default-src 'none'; img-src data:;" in policy
        assert policy.endswith("sandbox allow-popups allow-popups-to-escape-sandbox")
        assert answer.headers["x-frame-options"] == "SAMEORIGIN"
        asked = await client.get(f"{found[1]}?pictures=1")
        assert "img-src data: https:" in asked.headers["content-security-policy"]
        assert asked.headers["referrer-policy"] == "no-referrer"
