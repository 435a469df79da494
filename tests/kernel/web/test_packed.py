"""Pages of goods go out packed, and are what they are unpacked."""

import gzip

import httpx
from hypothesis import given
from hypothesis import strategies as st

from safar.front.build import build_front
from safar.kernel.context import Context
from safar.kernel.web.packed import joined, pack
from tests.stage.serving import Serve


@given(st.lists(st.binary(max_size=3000), min_size=1, max_size=5), st.binary(max_size=50))
def test_packed_parts_with_something_between_are_the_page(parts: list[bytes], between: bytes) -> None:
    assert gzip.decompress(joined(pack(parts), parts, between)) == between.join(parts)


async def test_pages_of_goods_are_packed_for_who_takes_it_and_others_never(
    context: Context, serve: Serve
) -> None:
    front = await serve(build_front(context))
    async with httpx.AsyncClient(base_url=front) as browser:
        for _time in range(2):  # made, then kept
            packed = await browser.get("/search")
            assert packed.headers["content-encoding"] == "gzip"
            assert "accept-encoding" in packed.headers["vary"]
            assert int(packed.headers["content-length"]) < len(packed.content) / 2
            plain = await browser.get("/search", headers={"accept-encoding": "identity"})
            assert "content-encoding" not in plain.headers
            assert len(plain.content) == len(packed.content)
        for path in ("/cart", "/checkout", "/find-order", "/chat"):  # what is somebody's own
            assert "content-encoding" not in (await browser.get(path)).headers, path
