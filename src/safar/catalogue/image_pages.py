"""Taking in the pictures of a product, and putting them in order."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.catalogue.articles import products_by_id
from safar.catalogue.errors import UnknownPicture, UnknownProduct
from safar.catalogue.images import (
    add_images,
    describe_image,
    images_of,
    put_image_first,
    remove_image,
)
from safar.catalogue.pixels import Made, made_of
from safar.catalogue.product_pages import edit_product_page
from safar.kernel.apart import apart
from safar.kernel.database import Connection
from safar.kernel.errors import InvalidInput, SafarError
from safar.kernel.i18n import N_, _
from safar.kernel.ids import parse_id
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor, actor_of
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, wants_json
from safar.kernel.web.post import Wrong, posted, wrong_of
from safar.kernel.web.requests import see_other
from safar.kernel.web.uploads import Handed, read_upload

_FILES_MAX = 8
_FILE_BYTES_MAX = 10 * 2**20
PROBLEMS = {
    "not_a_picture": N_("“%(name)s” is not a picture that we can read: JPEG, PNG, WebP, GIF or AVIF."),
    "too_many_pixels": N_("“%(name)s” has too many pixels: at most 50 million."),
    "too_small": N_("“%(name)s” is too small: at least 16 pixels wide and high."),
}


async def _upload(request: Request) -> Response:
    """Take pictures in: each is read in a process apart, and all are added or none."""
    actor, context = actor_of(request), context_of(request)
    product_id = parse_id(request.path_params["product_id"])
    async with context.database.connection() as connection:
        if not await products_by_id(connection, [product_id]):
            raise UnknownProduct
    fields, files = await read_upload(request, "file", files_max=_FILES_MAX, bytes_max=_FILE_BYTES_MAX)
    try:
        fields.done()
        made = await _made(files)
        async with context.database.transaction() as connection:
            await add_images(connection, product_id, made, staff_id=actor.id)
    except UnknownProduct:
        raise
    except SafarError as refused:
        if wants_json(request):
            raise
        return await edit_product_page(request, product_id, wrong_of("picture", fields, refused))
    return see_other(f"/catalogue/products/{product_id}?done=pictures")


async def _made(files: Sequence[Handed]) -> list[Made]:
    """Return the pictures of the files. Raises InvalidInput for the first that is none."""
    made: list[Made] = []
    for file in files:
        values: dict[str, Any] = await apart("safar.catalogue.pixels:make", file.body)
        if "problem" in values:
            raise InvalidInput(file=_(PROBLEMS[values["problem"]], name=file.name))
        made.append(made_of(values))
    return made


async def _product(request: Request, wrong: Wrong) -> Response:
    return await edit_product_page(request, parse_id(request.path_params["product_id"]), wrong)


@posted(_product, "picture")
async def _first(request: Request, actor: Actor, _fields: Fields) -> str:
    async with context_of(request).database.transaction() as connection:
        product_id, digest = await _picture(connection, request)
        await put_image_first(connection, product_id, digest, staff_id=actor.id)
    return f"/catalogue/products/{product_id}?done=pictures"


@posted(_product, "picture")
async def _remove(request: Request, actor: Actor, _fields: Fields) -> str:
    async with context_of(request).database.transaction() as connection:
        product_id, digest = await _picture(connection, request)
        await remove_image(connection, product_id, digest, staff_id=actor.id)
    return f"/catalogue/products/{product_id}?done=pictures"


@posted(_product, "picture")
async def _describe(request: Request, actor: Actor, fields: Fields) -> str:
    text = fields.text("description", length_max=300, required=False)
    fields.done()
    async with context_of(request).database.transaction() as connection:
        product_id, digest = await _picture(connection, request)
        await describe_image(connection, product_id, digest, text, staff_id=actor.id)
    return f"/catalogue/products/{product_id}?done=pictures"


async def _picture(connection: Connection, request: Request) -> tuple[UUID, str]:
    """Return the product and its picture that the address names. Raises UnknownPicture."""
    product_id, digest = parse_id(request.path_params["product_id"]), request.path_params["digest"]
    known = {image.digest for image in await images_of(connection, product_id)}
    if not digest.isalnum() or digest not in known:
        raise UnknownPicture
    return product_id, digest


_IMAGE = "/catalogue/products/{product_id}/images"
routes: list[BaseRoute] = [
    StaffRoute(f"{_IMAGE}/uploads", _upload, role="manager", methods=["POST"]),
    StaffRoute(f"{_IMAGE}/{{digest}}", _describe, role="manager", methods=["POST"]),
    StaffRoute(f"{_IMAGE}/{{digest}}/first", _first, role="manager", methods=["POST"]),
    StaffRoute(f"{_IMAGE}/{{digest}}/remove", _remove, role="manager", methods=["POST"]),
]
