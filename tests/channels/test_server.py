"""Mail leaves through the server, and under the address, that the owner has set last."""

from safar.channels.outbox import Outbox
from safar.kernel.context import Context
from safar.owner.actions import change_shop
from tests.stage.channels import customer, mail
from tests.stage.mailbox import Mailbox, mailbox


async def test_mail_goes_through_the_server_that_the_owner_has_set(mailing: Context, box: Mailbox) -> None:
    ana, outbox = await customer(mailing), Outbox(mailing)
    async with mailbox() as other:
        changes: dict[str, str | int | tuple[str, ...]] = {
            "mail_host": "127.0.0.1",
            "mail_port": other.port,
            "mail_security": "none",
            "mail_from": "hello@lamps.example",
        }
        async with mailing.database.transaction() as connection:
            await change_shop(connection, changes, staff_id=None)
        await mail(mailing, ana)
        while await outbox.step():
            pass
        assert [one["From"].addresses[0].addr_spec for one in other.messages] == ["hello@lamps.example"]
    assert box.mails == []
