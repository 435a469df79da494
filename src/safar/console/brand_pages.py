"""The shop's own logo and icon: taken in, shown, removed."""

import base64
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.catalogue.image_pages import PROBLEMS
from safar.console.settings_pages import settings_page
from safar.kernel.apart import apart
from safar.kernel.errors import InvalidInput, NotFound, SafarError
from safar.kernel.i18n import _
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor, actor_of
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, wants_json
from safar.kernel.web.post import Wrong, posted, wrong_of
from safar.kernel.web.requests import see_other
from safar.kernel.web.told import tell
from safar.kernel.web.uploads import read_upload
from safar.owner.actions import change_shop
from safar.owner.marks import Mark, keep_mark
from safar.owner.public import mark_picture

_MARKS = ("logo", "icon")
_BYTES_MAX = 5 * 2**20
_HOME = "/settings/brand"


async def _brand_page(request: Request, wrong: Wrong) -> Response:
    return await settings_page(request, wrong, key="brand")


async def _upload(request: Request) -> Response:
    """Take a picture in as the logo or the icon; it is read in a process apart."""
    which, actor, context = _which(request), actor_of(request), context_of(request)
    fields, files = await read_upload(request, "file", files_max=1, bytes_max=_BYTES_MAX)
    try:
        fields.done()
        made: dict[str, Any] = await apart("safar.catalogue.pixels:marks", files[0].body)
        if "problem" in made:
            raise InvalidInput(file=_(PROBLEMS[made["problem"]], name=files[0].name))
        its = Mark(made[which]["name"], base64.b64decode(made[which]["file"]))
        async with context.database.transaction() as connection:
            await keep_mark(connection, its)
            await change_shop(connection, {which: its.name}, staff_id=actor.id)
    except SafarError as refused:
        if wants_json(request):
            raise
        return await _brand_page(request, wrong_of(which, fields, refused))
    tell(request, _("Saved. The shop uses it within a few seconds."))
    return see_other(_HOME)


@posted(_brand_page)
async def _remove(request: Request, actor: Actor, _fields: Fields) -> str:
    async with context_of(request).database.transaction() as connection:
        await change_shop(connection, {_which(request): ""}, staff_id=actor.id)
    tell(request, _("Removed."))
    return _HOME


def _which(request: Request) -> str:
    which: str = request.path_params["which"]
    if which not in _MARKS:
        raise NotFound
    return which


routes: list[BaseRoute] = [
    StaffRoute("/brand/{name}.png", mark_picture, role="agent"),
    StaffRoute("/settings/brand/{which}/uploads", _upload, role="owner", methods=["POST"]),
    StaffRoute("/settings/brand/{which}/remove", _remove, role="owner", methods=["POST"]),
]
