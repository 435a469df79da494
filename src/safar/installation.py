"""What an installation needs before its processes start, and what is done to it by hand."""

import os
from importlib import import_module

import orjson
from psycopg_pool import PoolTimeout

from safar.channels.actions import ensure_channels
from safar.gate.site.sites import ensure_site
from safar.gate.tickets.model import SHOP
from safar.journal.partitions import make_ahead
from safar.journal.subscribe import register
from safar.kernel.context import Context, make_context
from safar.kernel.schema import is_current
from safar.kernel.web.actor import Actor
from safar.owner.actions import found_shop, rotate_mail_password
from safar.payments.rotate import rotate_secrets
from safar.serve import url_of
from safar.settings import Settings
from safar.stock.actions import ensure_locations
from safar.team.actions import all_staff, first_owner, renew_password
from safar.work import subscribers


async def install_at(settings: Settings, url: str, owner_email: str, answer: int) -> None:
    """Migrate and prepare the database at `url`; say on the descriptor `answer` how it went, as JSON."""
    told: dict[str, str | None] = {"refused": None, "owner_password": None}
    try:
        if not is_current(url):
            import_module("safar.kernel.migrate").migrate(url)  # half a second to load, at few starts needed
        context = make_context(settings, url)
        await context.database.open()
        try:
            told["owner_password"] = await prepare(context, owner_email)
        finally:
            await context.database.close()
    except RuntimeError as error:
        told["refused"] = str(error)
    with os.fdopen(answer, "wb") as asking:
        asking.write(orjson.dumps(told))


async def prepare(context: Context, owner_email: str) -> str | None:
    """Make what every installation needs; return the first owner's one-time password if just made."""
    await make_ahead(context.database)
    async with context.database.transaction() as connection:
        await found_shop(connection, context.settings)
        await ensure_locations(connection)
        await ensure_channels(connection)
        await ensure_site(connection, SHOP, context.settings.site_capacity)
        for subscriber in subscribers(context):
            await register(connection, subscriber)
        return await first_owner(connection, owner_email)


async def reset_password(settings: Settings, email: str) -> str | None:
    """Give a member of staff a new one-time password, by hand on the machine; None when there is no such.

    Raises RuntimeError when the database is not running.
    """
    context = make_context(settings, url_of(settings))
    try:
        await context.database.open()
    except PoolTimeout:
        raise RuntimeError("The database does not answer. Start `safar serve` first.") from None
    try:
        async with context.database.connection() as connection:
            people = await all_staff(connection)
        person = next((one for one in people if one.email == email.strip().lower()), None)
        if person is None:
            return None
        actor = Actor(person.id, person.email, person.name, person.role)
        return (await renew_password(context, actor=actor, staff_id=person.id)).password
    finally:
        await context.database.close()


async def rotated(settings: Settings) -> str:
    """Encrypt stored secrets anew with the first key, and say how it went.

    Raises RuntimeError when the database is not running.
    """
    context = make_context(settings, url_of(settings))
    try:
        await context.database.open()
    except PoolTimeout:
        raise RuntimeError("The database does not answer. Start `safar serve` first.") from None
    try:
        changed, unreadable = await rotate_secrets(context)
        async with context.database.transaction() as connection:
            mail = await rotate_mail_password(connection, context.vault)
        changed += mail is True
        unreadable += ["mail server"] if mail is None else []
    finally:
        await context.database.close()
    lost = f" No key reads those of: {', '.join(unreadable)}; set them up again." if unreadable else ""
    return f"{changed} encrypted anew.{lost}"
