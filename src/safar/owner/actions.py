"""What is done to the shop's own data: it is founded at the first start, and changed by its owner."""

from collections.abc import Mapping
from uuid import UUID

from psycopg.types.json import Jsonb

from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, execute, rows
from safar.kernel.errors import BadRequest
from safar.kernel.secrets import Vault
from safar.owner.facts import BY_NAME, FactKind, first_values
from safar.owner.model import FactValue
from safar.owner.reading import QUERIES, StoredFact, forget_shop
from safar.settings import Settings


async def found_shop(connection: Connection, settings: Settings) -> None:
    """Write down what the environment says of the shop, for each fact that has no value yet.

    Afterwards the database alone says it: the environment is not asked again.
    """
    values = Jsonb(first_values(settings))
    await execute(connection, QUERIES["found"], {"values": values, "now": clock.now()})
    forget_shop(connection)


async def change_shop(
    connection: Connection, changes: Mapping[str, FactValue], *, staff_id: UUID | None
) -> tuple[str, ...]:
    """Set facts; return the names of those whose value is another than before. Writes shop.changed.

    The values are checked already (`forms.changes_in`). Raises KeyError for a fact that is not declared.
    """
    wanted = {BY_NAME[name].name: value for name, value in changes.items()}
    stored = await rows(StoredFact, connection, QUERIES["lock"], {"keys": list(wanted)})
    before = {fact.key: fact.value for fact in stored}
    # What the database gives back of several lines is a list.
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in wanted.items()}
    changed = {name: value for name, value in plain.items() if name not in before or before[name] != value}
    if not changed:
        return ()
    await execute(connection, QUERIES["change"], {"values": Jsonb(changed), "now": clock.now()})
    forget_shop(connection)
    properties = {
        "what": sorted(changed),
        "before": {name: _told(name, before.get(name)) for name in changed},
        "after": {name: _told(name, value) for name, value in changed.items()},
    }
    await append_many(connection, [Event(name="shop.changed", staff_id=staff_id, properties=properties)])
    return tuple(sorted(changed))


async def rotate_mail_password(connection: Connection, vault: Vault) -> bool | None:
    """Encrypt the mail server's password with the first key; return whether it was not, None: unreadable."""
    stored = await rows(StoredFact, connection, QUERIES["lock"], {"keys": ["mail_password"]})
    encrypted = str(stored[0].value).encode() if stored else b""
    if not encrypted or vault.is_current(encrypted):
        return False
    try:
        fresh = vault.encrypt(vault.decrypt(encrypted)).decode()
    except BadRequest:
        return None
    values = Jsonb({"mail_password": fresh})
    await execute(connection, QUERIES["change"], {"values": values, "now": clock.now()})
    forget_shop(connection)
    return True


def _told(name: str, value: object) -> object:
    """Return a value as the journal may keep it: a secret only as being there."""
    return value if BY_NAME[name].kind is not FactKind.SECRET else "•••" if value else ""
