"""Console page "Shop front": what the shop says of itself on its public pages, in every language."""

from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.catalogue.actions import find_variant
from safar.kernel.i18n import LANGUAGES, N_, _
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, page
from safar.kernel.web.post import NOTHING, Wrong, posted
from safar.owner.actions import change_shop
from safar.owner.facts import FACTS
from safar.owner.forms import changes_in, typed_of
from safar.owner.reading import stored_shop
from safar.storefront import search_pages
from safar.storefront.look import PLAIN, SPOKEN, ShopWord, forget_look, say_many, words_of_shop

_LINE_MAX = 200
_TEXT_MAX = 12_000  # in four languages and percent-encoded they fit into one body
# Facts about the shop that stand on these pages, too.
HERE = ("email", "phone", "address", "country")

# How each is called, and what it is for; long ones are texts of several lines.
LABELS: Mapping[str, tuple[str, str]] = {
    "notice": (N_("Line above every page"), N_("Such as “Free delivery from £50”. Empty: no line.")),
    "hero_title": (N_("Heading of the home page"), N_("A few words.")),
    "hero_text": (N_("Text below the heading"), N_("One or two sentences.")),
    "about": (N_("About the shop"), N_("One or two sentences at the foot of every page.")),
    "delivery": (N_("Delivery"), N_("Stands above the table of ways and prices.")),
    "returns": (N_("Returns"), N_("Without text there is no such page.")),
    "terms": (N_("Terms"), N_("Without text there is no such page.")),
    "privacy": (N_("Privacy"), N_("Without text there is no such page.")),
    "hero_sku": (N_("Article on the home page"), N_("Its SKU. Empty: what sells best.")),
}  # fmt: skip
_LONG = ("delivery", "returns", "terms", "privacy")


async def _show(request: Request, wrong: Wrong = NOTHING) -> Response:
    async with context_of(request).database.connection() as connection:
        stored_words, shop = await words_of_shop(connection), await stored_shop(connection)
    facts = [(key, _(key.label), _(key.hint) if key.hint else "") for key in FACTS if key.name in HERE]
    known = {
        f"{word.key}_{word.language}" if word.language else word.key: word.words for word in stored_words
    }
    values = {
        "typed": {**typed_of(shop), **known} if wrong.fields is None else wrong.typed,
        "problems": wrong.problems,
        "problem": wrong.problem,
        "spoken": [(key, *map(_, LABELS[key]), key in _LONG) for key in SPOKEN],
        "facts": facts,
        "plain": [(key, _(LABELS[key][0]), _(LABELS[key][1]) if LABELS[key][1] else "") for key in PLAIN],
        "tongues": list(LANGUAGES.items()),
        "saved": request.query_params.get("saved") == "1",
        "public_url": context_of(request).settings.public_url,
        "line_max": _LINE_MAX,
        "text_max": _TEXT_MAX,
    }
    return page(request, "storefront/words.html", values, status=wrong.status)


@posted(_show)
async def _save(request: Request, actor: Actor, fields: Fields) -> str:
    """Save what was sent; an empty field is what the shop no longer says."""
    context, shop_words, changes = context_of(request), _said(fields), changes_in(fields, HERE)
    async with context.database.transaction() as connection:
        sku = fields.values.get("hero_sku", "").strip()
        if sku and await find_variant(connection, sku) is None:
            fields.problems["hero_sku"] = _("There is no article with this SKU.")
        fields.done()
        await say_many(connection, shop_words, staff_id=actor.id)
        await change_shop(connection, changes, staff_id=actor.id)
    forget_look(context.database)
    return "/shop-front?saved=1"


def _said(fields: Fields) -> Sequence[ShopWord]:
    """Return what was sent; a field that is not there is left as it is."""
    shop_words = []
    for key in SPOKEN:
        for language in LANGUAGES:
            name = f"{key}_{language}"
            if name in fields.values:
                words = fields.text(
                    name, length_max=_TEXT_MAX if key in _LONG else _LINE_MAX * 2, required=False
                )
                shop_words.append(ShopWord(key, language, words.replace("\r\n", "\n")))
    for key in PLAIN:
        if key in fields.values:
            shop_words.append(ShopWord(key, "", fields.text(key, length_max=_LINE_MAX, required=False)))
    return shop_words


routes: list[BaseRoute] = [
    *search_pages.routes,
    StaffRoute("/shop-front", _show, role="manager"),
    StaffRoute("/shop-front", _save, role="manager", methods=["POST"]),
]
