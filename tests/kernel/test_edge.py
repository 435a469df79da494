"""The edge: language by request, refusal of other sites' writes, bounded bodies, headers on every answer."""

import asyncio

import httpx

from safar.front.build import build_front
from safar.kernel.context import Context
from tests.conftest import Serve


async def test_health_over_real_http(context: Context, serve: Serve) -> None:
    base = await serve(build_front(context))
    async with httpx.AsyncClient(base_url=base) as client:
        answer = await client.get("/health")
        assert answer.status_code == 200
        assert "default-src 'self'" in answer.headers["content-security-policy"]


async def test_each_request_keeps_its_own_language_among_many_at_once(context: Context, serve: Serve) -> None:
    base = await serve(build_front(context))
    headers = {"accept": "application/json"}
    async with httpx.AsyncClient(base_url=base, headers=headers) as client:

        async def text(language: str) -> str:
            answer = await client.get("/no-such-page", headers={"accept-language": language})
            assert answer.status_code == 404
            return str(answer.json()["message"])

        languages = ["en", "fa", "hi", "pt-BR"] * 25
        alone = {language: await text(language) for language in set(languages)}
        together = await asyncio.gather(*map(text, languages))
    assert together == [alone[language] for language in languages]


async def test_a_write_from_another_site_is_refused(context: Context, serve: Serve) -> None:
    base = await serve(build_front(context))
    async with httpx.AsyncClient(base_url=base, headers={"accept": "application/json"}) as client:
        for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
            answer = await client.post("/health", headers=headers)
            assert answer.status_code == 403
            assert answer.json()["error"] == "cross_site"


async def test_an_oversized_body_is_refused_whether_or_not_its_length_is_declared(
    context: Context, serve: Serve
) -> None:
    base = await serve(build_front(context))
    large = b"x" * (context.settings.body_bytes_max + 1)
    async with httpx.AsyncClient(base_url=base, headers={"accept": "application/json"}) as client:
        assert (await client.post("/health", content=large)).status_code == 413
