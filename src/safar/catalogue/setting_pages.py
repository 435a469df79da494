"""What the whole catalogue goes by: categories with their names, currencies with their rates."""

from collections.abc import Sequence
from decimal import Decimal

from babel.numbers import get_currency_name, is_currency
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.catalogue.categories import categories_listed, remove_category, save_category
from safar.catalogue.decide import slug_of
from safar.catalogue.limits import CATEGORY_MAX
from safar.catalogue.model import Rate
from safar.catalogue.names import category_name
from safar.catalogue.prices import rates, save_rates
from safar.kernel.i18n import LANGUAGES, _, current_language
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor, actor_of
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, page
from safar.kernel.web.post import NOTHING, Wrong, posted

_RATE_PLACES = 9
_RATE_LEAST = Decimal("0.000001")
_RATES_MAX = 12
_POSITION_MAX = 999


async def _categories(request: Request, wrong: Wrong = NOTHING) -> Response:
    actor = actor_of(request)
    async with context_of(request).database.connection() as connection:
        listed = await categories_listed(connection)
    values = {
        "categories": [(category, category_name(category.key, category.names)) for category in listed],
        **wrong.values(),
        "spoken": list(LANGUAGES.items()),
        "may_write": actor.may("manager"),
        "done": _("Saved.") if request.query_params.get("done") == "saved" else None,
    }
    return page(request, "catalogue/categories.html", values, status=wrong.status)


@posted(_categories)
async def _save_category(request: Request, actor: Actor, fields: Fields) -> str:
    """Name a category; a new one gets its key from its first name."""
    names = {}
    for language in LANGUAGES:
        text = fields.text(f"name:{language}", length_max=CATEGORY_MAX, required=False)
        if text:
            names[language] = text
    position = fields.optional_integer("position", least=0, most=_POSITION_MAX) or 0
    key = fields.text("key", length_max=CATEGORY_MAX, required=False)
    if not key and names:
        first = next(iter(names.values()))
        key = slug_of(names.get("en", first), "") or first
    if not key:
        fields.problems.setdefault("name:en", _("A category needs a name in one language at least."))
    fields.done()
    async with context_of(request).database.transaction() as connection:
        await save_category(connection, key, names, position, staff_id=actor.id)
    return "/catalogue/categories?done=saved"


@posted(_categories)
async def _remove_category(request: Request, actor: Actor, fields: Fields) -> str:
    key = fields.text("key", length_max=CATEGORY_MAX)
    fields.done()
    async with context_of(request).database.transaction() as connection:
        await remove_category(connection, key, staff_id=actor.id)
    return "/catalogue/categories?done=saved"


async def _currencies(request: Request, wrong: Wrong = NOTHING) -> Response:
    actor = actor_of(request)
    async with context_of(request).database.connection() as connection:
        table = await rates(connection)
    typed = _typed(table) if wrong.fields is None else wrong.typed
    count = len(table) if wrong.fields is None else _RATES_MAX
    own = context_of(request).settings.currency
    names = {
        code: get_currency_name(code, locale=current_language().replace("-", "_"))
        for number in range(_RATES_MAX)
        if is_currency(code := typed.get(f"currency:{number}", ""))
    }
    values = {
        "typed": typed,
        "problems": wrong.problems,
        "problem": wrong.problem,
        "own": own,
        "names": names,
        "may_write": actor.may("manager"),
        "numbers": range(min(count + 2, _RATES_MAX)),
        "done": _("Saved.") if request.query_params.get("done") == "saved" else None,
    }
    return page(request, "catalogue/currencies.html", values, status=wrong.status)


def _typed(table: Sequence[Rate]) -> dict[str, str]:
    typed = {}
    for number, rate in enumerate(table):
        typed[f"currency:{number}"] = rate.currency
        typed[f"rate:{number}"] = f"{rate.rate.normalize():f}"
        typed[f"round:{number}"] = str(rate.round_to_minor)
    return typed


@posted(_currencies)
async def _save_currencies(request: Request, actor: Actor, fields: Fields) -> str:
    table = _read_rates(fields, context_of(request).settings.currency)
    fields.done()
    async with context_of(request).database.transaction() as connection:
        await save_rates(connection, table, staff_id=actor.id)
    return "/catalogue/currencies?done=saved"


def _read_rates(fields: Fields, own: str) -> list[Rate]:
    table: dict[str, Rate] = {}
    if not any(name.startswith("currency:") for name in fields.values):
        fields.problems["currency:0"] = _("This is needed.")
    for number in range(_RATES_MAX):
        name = f"currency:{number}"
        code = fields.text(name, length_max=3, required=False).upper()
        if not code:
            continue
        if not is_currency(code) or code == own or code in table:
            fields.problems[name] = _("A code such as EUR, once, and not that of the shop.")
        table[code] = Rate(code, _rate(fields, f"rate:{number}"), 1)
        if fields.values.get(f"round:{number}"):
            step = fields.integer(f"round:{number}", least=1, most=10**7)
            table[code] = Rate(code, table[code].rate, step)
    return list(table.values())


def _rate(fields: Fields, name: str) -> Decimal:
    wrong = _("A number above zero, such as 1.15.")
    rate = fields.number(name, least=_RATE_LEAST, most=10**9, places=_RATE_PLACES, wrong=wrong)
    return Decimal(1) if rate is None else rate


routes: list[BaseRoute] = [
    StaffRoute("/catalogue/categories", _categories, role="agent"),
    StaffRoute("/catalogue/categories", _save_category, role="manager", methods=["POST"]),
    StaffRoute("/catalogue/categories/remove", _remove_category, role="manager", methods=["POST"]),
    StaffRoute("/catalogue/currencies", _currencies, role="agent"),
    StaffRoute("/catalogue/currencies", _save_currencies, role="manager", methods=["POST"]),
]
