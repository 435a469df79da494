"""Console page "Search": words that mean the same to whoever searches the shop."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.kernel.i18n import _, number
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, page
from safar.kernel.web.post import NOTHING, Wrong, posted
from safar.storefront.decide import PHRASE_MAX, SYNONYMS_MAX, words_of
from safar.storefront.matching import save_synonyms, synonyms

_TEXT_MAX = 12_000
_GROUP_MAX = 20


async def _show(request: Request, wrong: Wrong = NOTHING) -> Response:
    async with context_of(request).database.connection() as connection:
        groups = await synonyms(connection)
    lines = "\n".join(", ".join(group) for group in groups)
    values = {
        "lines": lines if wrong.fields is None else wrong.typed.get("synonyms", ""),
        "problems": wrong.problems,
        "problem": wrong.problem,
        "saved": request.query_params.get("saved") == "1",
        "text_max": _TEXT_MAX,
    }
    return page(request, "storefront/search_words.html", values, status=wrong.status)


@posted(_show)
async def _save(request: Request, actor: Actor, fields: Fields) -> str:
    groups = _groups(fields)
    fields.done()
    if "synonyms" not in fields.values:
        return "/shop-front/search"
    async with context_of(request).database.transaction() as connection:
        await save_synonyms(connection, groups, staff_id=actor.id)
    return "/shop-front/search?saved=1"


def _groups(fields: Fields) -> list[list[str]]:
    """Return the words of each line; what is wrong with the first wrong one is a problem of the field."""
    text = fields.text("synonyms", length_max=_TEXT_MAX, required=False)
    groups = []
    for place, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        words = list(dict.fromkeys(" ".join(part.split()) for part in line.replace("،", ",").split(",")))
        group = [word for word in words if words_of(word)]
        if not 2 <= len(group) <= _GROUP_MAX:
            wrong = _("Line %(line)s: write 2 to %(most)s words with commas between them.")
        elif any(len(words_of(word)) > PHRASE_MAX for word in group):
            wrong = _("Line %(line)s: a phrase can have %(most)s words at most.")
        else:
            groups.append(group)
            continue
        most = PHRASE_MAX if 2 <= len(group) <= _GROUP_MAX else _GROUP_MAX
        fields.problems.setdefault("synonyms", wrong % {"line": number(place), "most": number(most)})
    if len(groups) > SYNONYMS_MAX:
        fields.problems["synonyms"] = _("At most %(count)s lines.", count=number(SYNONYMS_MAX))
    return groups


routes: list[BaseRoute] = [
    StaffRoute("/shop-front/search", _show, role="manager"),
    StaffRoute("/shop-front/search", _save, role="manager", methods=["POST"]),
]
