"""What the worker does for sign-ups: forgets those that are over."""

from safar.kernel.context import Context
from safar.kernel.loops import Loop
from safar.storefront.newsletter.actions import forget_old_sign_ups

_FORGET_S = 3600.0


def loops(context: Context) -> list[Loop]:
    """Return the loop of sign-ups."""

    async def forget() -> bool:
        async with context.database.transaction() as connection:
            await forget_old_sign_ups(connection)
        return False

    return [Loop("storefront.newsletter", forget, idle_s=_FORGET_S)]
