"""Taking in the pictures of a product, and putting them in order."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

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
from safar.catalogue.product_pages import product_page
from safar.kernel.apart import apart
from safar.kernel.database import Connection
from safar.kernel.errors import SafarError
from safar.kernel.i18n import N_, _
from safar.kernel.ids import parse_id
from safar.kernel.web.actor import actor_of
from safar.kernel.web.forms import read_fields
from safar.kernel.web.pages import context_of, error_text
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
    actor, context = actor_of(request, "manager"), context_of(request)
    product_id = parse_id(request.path_params["product_id"])
    async with context.database.connection() as connection:
        if not await products_by_id(connection, [product_id]):
            raise UnknownProduct
    fields, files = await read_upload(request, "file", files_max=_FILES_MAX, bytes_max=_FILE_BYTES_MAX)
    problem = fields.problems.get("file")
    made: list[Made] = []
    if not problem:
        try:
            made, problem = await _made(files)
            if not problem:
                async with context.database.transaction() as connection:
                    await add_images(connection, product_id, made, staff_id=actor.id)
        except UnknownProduct:
            raise
        except SafarError as refused:
            return await product_page(request, product_id, problem=error_text(refused), status=refused.status)
    if problem:
        return await product_page(request, product_id, problem=problem)
    return see_other(f"/catalogue/products/{product_id}?done=pictures")


async def _made(files: Sequence[Handed]) -> tuple[list[Made], str | None]:
    """Return the pictures of the files, or what is wrong with the first that is none."""
    made: list[Made] = []
    for file in files:
        values: dict[str, Any] = await apart("safar.catalogue.pixels:make", file.body)
        if "problem" in values:
            return [], _(PROBLEMS[values["problem"]], name=file.name)
        made.append(made_of(values))
    return made, None


Change = Callable[[Connection, UUID, str, UUID], Awaitable[None]]


async def _first(request: Request) -> Response:
    async def change(connection: Connection, product_id: UUID, digest: str, staff_id: UUID) -> None:
        await put_image_first(connection, product_id, digest, staff_id=staff_id)

    return await _change(request, change)


async def _remove(request: Request) -> Response:
    async def change(connection: Connection, product_id: UUID, digest: str, staff_id: UUID) -> None:
        await remove_image(connection, product_id, digest, staff_id=staff_id)

    return await _change(request, change)


async def _describe(request: Request) -> Response:
    actor_of(request, "manager")
    fields = await read_fields(request)
    text = fields.text("description", length_max=300, required=False)
    if fields.problems:
        return await product_page(
            request, parse_id(request.path_params["product_id"]), problem=fields.problems["description"]
        )

    async def change(connection: Connection, product_id: UUID, digest: str, staff_id: UUID) -> None:
        await describe_image(connection, product_id, digest, text, staff_id=staff_id)

    return await _change(request, change)


async def _change(request: Request, change: Change) -> Response:
    """Do something to one picture of a product. Raises UnknownPicture."""
    actor = actor_of(request, "manager")
    product_id, digest = parse_id(request.path_params["product_id"]), request.path_params["digest"]
    async with context_of(request).database.transaction() as connection:
        if not digest.isalnum() or digest not in {
            one.digest for one in await images_of(connection, product_id)
        }:
            raise UnknownPicture
        await change(connection, product_id, digest, actor.id)
    return see_other(f"/catalogue/products/{product_id}?done=pictures")


_IMAGE = "/catalogue/products/{product_id}/images"
routes: list[BaseRoute] = [
    Route(f"{_IMAGE}/uploads", _upload, methods=["POST"]),
    Route(f"{_IMAGE}/{{digest}}", _describe, methods=["POST"]),
    Route(f"{_IMAGE}/{{digest}}/first", _first, methods=["POST"]),
    Route(f"{_IMAGE}/{{digest}}/remove", _remove, methods=["POST"]),
]
