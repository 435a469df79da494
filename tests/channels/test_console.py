"""The channels page: what failed is seen, and can be sent again."""

from safar.channels.actions import keep_envelopes, note_trouble
from safar.channels.model import EMAIL
from safar.console.build import build_console
from safar.kernel.context import Context
from safar.kernel.ids import new_id
from tests.stage.channels import customer, mail, states
from tests.stage.people import signed_in
from tests.stage.serving import Serve


async def test_what_went_wrong_is_shown_with_its_reason_and_sent_again(
    mailing: Context, serve: Serve
) -> None:
    failed = await mail(mailing, await customer(mailing), subject="<b>Hello</b>")
    envelope = new_id()
    async with mailing.database.transaction() as connection:
        await connection.execute(
            "UPDATE messages SET state = 'failed', reason = '550 <i>unknown</i>', ended_at = now()"
        )
        await keep_envelopes(connection, [(envelope, b"\xff raw <script>", "no sender")])
        await note_trouble(connection, EMAIL, "the mail server cannot be reached")
    base = await serve(build_console(mailing))
    async with await signed_in(mailing, base, "agent") as client:
        page = (await client.get("/channels")).text
        assert "550 &lt;i&gt;unknown" in page
        assert "&lt;b&gt;Hello" in page
        assert "no sender" in page
        assert "the mail server cannot be reached" in page
        raw = await client.get(f"/channels/mails/{envelope}")
        assert raw.content == b"\xff raw <script>"
        assert raw.headers["content-disposition"].startswith("attachment")
        assert raw.headers["x-content-type-options"] == "nosniff"
        again = await client.post(f"/channels/messages/{failed.message_id}/retry")
        assert again.status_code == 303
        assert (await states(mailing))[failed.message_id][0] == "queued"
        twice = await client.post(f"/channels/messages/{failed.message_id}/retry")
        assert twice.status_code == 409
        assert (await client.get(f"/channels/mails/{new_id()}")).status_code == 404
        for language in ("fa", "hi", "pt-BR"):
            assert (await client.get(f"/channels?lang={language}")).status_code == 200
