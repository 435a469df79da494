"""Pictures of products: taken in once, kept beside the books, given out in the widths that pages use."""

from collections.abc import Sequence
from uuid import UUID

from safar.catalogue.actions import QUERIES
from safar.catalogue.errors import TooManyPictures, UnknownProduct
from safar.catalogue.model import Picture
from safar.catalogue.pixels import WIDTHS, Made
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, execute, rows, value

IMAGES_MAX = 24


def image_url(digest: str, width: int = 640) -> str:
    """Return the address of a picture on the front, in the least of our widths that is not below `width`."""
    return f"/images/{digest}/{next((size for size in WIDTHS if size >= width), WIDTHS[-1])}.webp"


def drawn_url(slug: str) -> str:
    """Return the address of the picture that is drawn for a product without one."""
    return f"/drawn/{slug}.svg"


def picture_url(image: str | None, slug: str, width: int = 640) -> str:
    """Return the address of what to show of a product: its picture (a digest), else the drawn one."""
    return image_url(image, width) if image else drawn_url(slug)


async def images_of(connection: Connection, product_id: UUID) -> list[Picture]:
    """Return a product's pictures, the first one first."""
    return await rows(Picture, connection, QUERIES["images_of_product"], {"product_id": product_id})


async def image_file(connection: Connection, digest: str, width: int) -> bytes | None:
    """Return the WebP file of a picture in one of our widths."""
    body: bytes | None = await value(connection, QUERIES["image_file"], {"digest": digest, "width": width})
    return body


async def add_images(
    connection: Connection, product_id: UUID, made: Sequence[Made], *, staff_id: UUID
) -> None:
    """Add pictures after those a product has; one that it has already changes nothing.

    Writes product.pictures_changed. Raises UnknownProduct, TooManyPictures.
    """
    await _lock(connection, product_id)
    now = clock.now()
    for image in made:
        picture = {"digest": image.digest, "width": image.width, "height": image.height, "now": now}
        if await value(connection, QUERIES["insert_picture"], picture):
            for width, body in image.files.items():
                await execute(
                    connection,
                    QUERIES["insert_picture_file"],
                    {"digest": image.digest, "width": width, "body": body},
                )
        params = {"product_id": product_id, "digest": image.digest}
        await execute(connection, QUERIES["add_image"], params)
    if len(await images_of(connection, product_id)) > IMAGES_MAX:
        raise TooManyPictures(most=IMAGES_MAX)
    await _changed(connection, product_id, "added", staff_id)


async def remove_image(connection: Connection, product_id: UUID, digest: str, *, staff_id: UUID) -> None:
    """Take a picture away from a product and its variants, and its files when nobody else shows it."""
    await _lock(connection, product_id)
    params = {"product_id": product_id, "digest": digest}
    await value(connection, QUERIES["lock_picture"], params)
    await execute(connection, QUERIES["remove_image"], params)
    await execute(connection, QUERIES["clear_variant_image"], params)
    await execute(connection, QUERIES["forget_picture_files"], params)
    await execute(connection, QUERIES["forget_picture"], params)
    await _changed(connection, product_id, "removed", staff_id)


async def forget_pictures(connection: Connection, digests: Sequence[str]) -> None:
    """Remove the files of pictures that no product shows any more."""
    for digest in sorted(digests):
        await value(connection, QUERIES["lock_picture"], {"digest": digest})
        await execute(connection, QUERIES["forget_picture_files"], {"digest": digest})
        await execute(connection, QUERIES["forget_picture"], {"digest": digest})


async def put_image_first(connection: Connection, product_id: UUID, digest: str, *, staff_id: UUID) -> None:
    """Make a picture the one that lists show."""
    await _lock(connection, product_id)
    await execute(connection, QUERIES["put_image_first"], {"product_id": product_id, "digest": digest})
    await _changed(connection, product_id, "first", staff_id)


async def describe_image(
    connection: Connection, product_id: UUID, digest: str, description: str, *, staff_id: UUID
) -> None:
    """Say what a picture shows."""
    await _lock(connection, product_id)
    params = {"product_id": product_id, "digest": digest, "description": description}
    await execute(connection, QUERIES["describe_image"], params)
    await _changed(connection, product_id, "described", staff_id)


async def _lock(connection: Connection, product_id: UUID) -> None:
    if await value(connection, QUERIES["lock_product"], {"id": product_id}) is None:
        raise UnknownProduct


async def _changed(connection: Connection, product_id: UUID, what: str, staff_id: UUID) -> None:
    await execute(connection, QUERIES["set_first_image"], {"product_id": product_id, "now": clock.now()})
    event = Event(
        name="product.pictures_changed", staff_id=staff_id, subject_id=product_id, properties={"what": what}
    )
    await append_many(connection, [event])
