"""Console: the owner's pages and the menu, in every language."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.catalogue.decide import slug_of
from safar.kernel.errors import NotFound
from safar.kernel.i18n import LANGUAGES, N_, _, current_language
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, page
from safar.kernel.web.post import NOTHING, Wrong, posted
from safar.kernel.web.told import tell
from safar.storefront.look import forget_look
from safar.storefront.own_pages.actions import own_page, own_pages, remove_own_page, save_own_page
from safar.storefront.own_pages.model import GOODS_MAX, OwnPage, PagePlace

_TITLE_MAX, _TEXT_MAX, _SKUS_MAX, _POSITION_MAX = 100, 8_000, 4_000, 999
_HOME = "/shop-front/pages"
PLACES = {
    PagePlace.MENU: N_("In the menu at the top"),
    PagePlace.FOOT: N_("At the foot of every page"),
    PagePlace.NONE: N_("Nowhere: only by its address"),
}


async def _list(request: Request) -> Response:
    async with context_of(request).database.connection() as connection:
        listed = await own_pages(connection)
    values = {"pages": [(one, _title(one), _(PLACES[one.place])) for one in listed]}
    return page(request, "storefront/own_pages.html", values)


async def _edit(request: Request, wrong: Wrong = NOTHING) -> Response:
    slug = request.path_params.get("slug", "")
    async with context_of(request).database.connection() as connection:
        shown = await own_page(connection, slug) if slug else None
    if slug and shown is None:
        raise NotFound
    values = {
        "slug": slug,
        "title": _title(shown) if shown else _("New page"),
        "typed": wrong.typed if wrong.fields is not None else _typed(shown),
        "problems": wrong.problems,
        "problem": wrong.problem,
        "places": [(place.value, _(label)) for place, label in PLACES.items()],
        "spoken": list(LANGUAGES.items()),
        "public_url": context_of(request).settings.public_url,
        "title_max": _TITLE_MAX,
        "text_max": _TEXT_MAX,
    }
    return page(request, "storefront/own_page_edit.html", values, status=wrong.status)


@posted(_edit)
async def _save(request: Request, actor: Actor, fields: Fields) -> str:
    context = context_of(request)
    draft = _draft(fields, request.path_params.get("slug", ""))
    fields.done()
    async with context.database.transaction() as connection:
        known = await own_page(connection, draft.slug) is not None
        if "slug" in request.path_params and not known:
            raise NotFound
        if "slug" not in request.path_params and known:
            fields.problems["slug"] = _("There is a page at this address.")
            fields.done()
        await save_own_page(connection, draft, staff_id=actor.id)
    forget_look(context.database)
    tell(request, _("Saved. The shop shows it within ten seconds."))
    return f"{_HOME}/{draft.slug}"


@posted(_edit)
async def _remove(request: Request, actor: Actor, _fields: Fields) -> str:
    context = context_of(request)
    async with context.database.transaction() as connection:
        await remove_own_page(connection, request.path_params["slug"], staff_id=actor.id)
    forget_look(context.database)
    tell(request, _("Removed."))
    return _HOME


def _draft(fields: Fields, slug: str) -> OwnPage:
    titles = {}
    texts = {}
    for language in LANGUAGES:
        if title := fields.text(f"title:{language}", length_max=_TITLE_MAX, required=False):
            titles[language] = title
        if text := fields.text(f"text:{language}", length_max=_TEXT_MAX, required=False):
            texts[language] = text.replace("\r\n", "\n")
    if not titles:
        fields.problems.setdefault(f"title:{current_language()}", _("A title in one language at least."))
    if not slug:
        wanted = fields.text("slug", length_max=_TITLE_MAX, required=False)
        slug = slug_of(wanted or titles.get("en") or next(iter(titles.values()), ""), "")
        if not slug and titles:
            fields.problems["slug"] = _("Letters a to z, digits and hyphens.")
    skus = fields.text("skus", length_max=_SKUS_MAX, required=False).upper().replace(",", "\n").split()
    if len(skus) > GOODS_MAX:
        fields.problems["skus"] = _("At most %(count)s articles.", count=GOODS_MAX)
    place = fields.choice("place", {one.value for one in PagePlace})
    position = fields.optional_integer("position", least=0, most=_POSITION_MAX) or 0
    known = PagePlace(place) if "place" not in fields.problems else PagePlace.NONE
    return OwnPage(slug, known, position, titles, texts, list(dict.fromkeys(skus)))


def _typed(shown: OwnPage | None) -> dict[str, str]:
    if shown is None:
        return {"place": PagePlace.FOOT, "position": "0"}
    typed = {"place": shown.place, "position": str(shown.position), "skus": "\n".join(shown.skus)}
    typed |= {f"title:{language}": title for language, title in shown.titles.items()}
    return typed | {f"text:{language}": text for language, text in shown.texts.items()}


def _title(shown: OwnPage) -> str:
    return shown.titles.get(current_language()) or next(iter(shown.titles.values()), shown.slug)


routes: list[BaseRoute] = [
    StaffRoute(_HOME, _list, role="manager"),
    StaffRoute(f"{_HOME}/new", _edit, role="manager"),
    StaffRoute(f"{_HOME}/new", _save, role="manager", methods=["POST"]),
    StaffRoute(f"{_HOME}/{{slug}}", _edit, role="manager"),
    StaffRoute(f"{_HOME}/{{slug}}", _save, role="manager", methods=["POST"]),
    StaffRoute(f"{_HOME}/{{slug}}/remove", _remove, role="manager", methods=["POST"]),
]
