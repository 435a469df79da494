"""From an empty shop to its first sale: what is done, read from the books, and where the rest is done."""

from collections.abc import Sequence
from dataclasses import dataclass

from safar.channels.model import EMAIL
from safar.console.board import QUERIES
from safar.kernel.context import Context
from safar.kernel.database import row
from safar.kernel.i18n import _
from safar.owner.reading import shop_of
from safar.payments.ways import takes_money, ways_of
from safar.settings import Settings


@dataclass(frozen=True, slots=True)
class _Books:
    product: bool
    stock: bool
    delivery: bool
    mail: bool
    sale: bool


@dataclass(frozen=True, slots=True)
class ChecklistStep:
    """One thing to do before the first sale; `href` is where it is done."""

    key: str
    title: str
    text: str
    href: str
    done: bool


class Checklist:
    """Looks what is left to do, until nothing is: from then on this process does not ask again."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._complete = False

    async def steps(self) -> Sequence[ChecklistStep]:
        """Return the steps in order; nothing when all are done."""
        if self._complete:
            return ()
        context = self._context
        async with context.database.connection() as connection:
            books = await row(_Books, connection, QUERIES["checklist"], {"email": EMAIL})
        assert books is not None
        shop = await shop_of(context)
        named = shop.name != Settings.model_fields["shop_name"].default
        paid = takes_money(await ways_of(context), context.settings)
        steps = _steps(books, context.settings.public_url, named=named, paid=paid)
        self._complete = all(step.done for step in steps)
        return () if self._complete else steps


def _steps(books: _Books, public_url: str, *, named: bool, paid: bool) -> list[ChecklistStep]:
    return [
        ChecklistStep(
            "name", _("Name your shop"), _("Name, address and contact details."), "/settings/shop", named
        ),
        ChecklistStep(
            "product",
            _("Add a product"),
            _("Or import a list. Publish it when it is ready."),
            "/catalogue/new",
            books.product,
        ),
        ChecklistStep(
            "stock", _("Put it in stock"), _("Say how many you have of it."), "/stock", books.stock
        ),
        ChecklistStep(
            "delivery",
            _("Set up delivery"),
            _("Where you deliver to, and for how much."),
            "/prices/shipping",
            books.delivery,
        ),
        ChecklistStep(
            "payment", _("Choose how customers pay"), _("At least one way to pay."), "/payments/ways", paid
        ),
        ChecklistStep(
            "mail", _("Set up e-mail"), _("Then send yourself a test."), "/settings/mail", books.mail
        ),
        ChecklistStep(
            "sale",
            _("Go live"),
            _("Share the address of your shop and take the first paid order."),
            public_url,
            books.sale,
        ),
    ]
