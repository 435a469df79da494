"""What every handler, loop and job of one process shares."""

from dataclasses import dataclass, field

from safar.kernel.batcher import Batchers
from safar.kernel.calls import Outcome, Plural, Request
from safar.kernel.database import Database
from safar.kernel.loops import Pulse
from safar.kernel.secrets import Vault, secret_keys
from safar.settings import Settings


@dataclass(slots=True, eq=False)
class Context:
    """The database, batchers, secrets and settings of this process, and how its loops stand.

    `settings` are those of the environment, but for what an owner decides of them (`decided`).
    """

    settings: Settings
    database: Database
    batchers: Batchers
    vault: Vault
    pulse: Pulse = field(default_factory=Pulse)

    def decided(self, **values: str) -> None:
        """Go by what the shop's owner says of the currency, the zone or the language; "" leaves it."""
        said = {name: value for name, value in values.items() if value}
        if any(getattr(self.settings, name) != value for name, value in said.items()):
            self.settings = self.settings.model_copy(update=said)
            self.database.zone = self.settings.timezone

    async def batched(self, verb: Plural[Request, Outcome], request: Request, *, lanes: int = 1) -> Outcome:
        """Run `verb` for one request, combined with those that arrive at the same time."""
        return await self.batchers.of(verb, lanes=lanes).submit(request)


def make_context(settings: Settings, url: str) -> Context:
    """Return a context over the PostgreSQL at `url`; its database is not open yet."""
    database = Database(url, settings)
    batchers = Batchers(
        database,
        size_max=settings.batch_size_max,
        queue_max=settings.batch_queue_max,
        deadline_s=settings.batch_deadline_s,
    )
    return Context(settings, database, batchers, Vault(*secret_keys(settings)))
