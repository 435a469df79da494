"""What is done for accounts: a provider that can be told so posts to us once the account is set up."""

from dataclasses import replace

from safar.channels.accounts import new_account, save_account
from safar.channels.registry import KINDS
from safar.channels.senders import Senders
from safar.channels.upkeep import Upkeep
from safar.kernel.context import Context
from safar.kernel.ids import new_id
from safar.standins.telegram import TelegramStandIn


async def test_telegram_is_told_by_us_where_to_post(context: Context) -> None:
    telegram = TelegramStandIn()
    async with telegram.running():
        account = new_account(KINDS["telegram"], "Bot", "https://shop.example")
        account = replace(
            account,
            details={"api_url": telegram.url},
            secrets={**account.secrets, "token": telegram.token},
        )
        account = await save_account(context, account, staff_id=new_id())
        senders = Senders()
        upkeep = Upkeep(context, senders)
        assert await upkeep.connect(replace(account, active=False)) is None
        await upkeep.connect(account)
        await senders.close()
        (heard,) = telegram.requests("setWebhook")
        assert account.key in str(heard)
