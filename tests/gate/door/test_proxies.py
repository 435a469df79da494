"""The gate before a plain site behind a real nginx and a real Caddy, configured as the guides say."""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from safar.capacity.actions import release_many
from safar.gate.line.calling import call_next
from safar.gate.site.sites import NewSite, open_site
from safar.gate.tickets.model import Pass, SiteKind
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.ids import new_id
from safar.kernel.ports import reserve_port
from tests.stage.gate import build_shop
from tests.stage.serving import Serve, answering, serve_at

_GUIDES = Path(__file__).parents[3] / "docs" / "connectors"
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
BROWSER = {"accept": "text/html", "user-agent": "a browser"}


async def _page(request: Request) -> PlainTextResponse:
    body = (await request.body()).decode()
    return PlainTextResponse(f"{request.method} {request.url.path}?{request.url.query} {body}")


@dataclass
class Outlet:
    """A plain site behind a proxy, and the front that its waiting room is on."""

    context: Context
    front: Starlette
    front_url: str
    url: str
    clients: list[httpx.AsyncClient]

    def browser(self, **headers: str) -> httpx.AsyncClient:
        """Cookies of 127.0.0.1 go to every port, so each site has a jar of its own here."""
        self.clients.append(httpx.AsyncClient(headers={**BROWSER, **headers}, timeout=30))
        return self.clients[-1]

    async def refresh(self) -> None:
        await self.front.state.board.refresh()

    async def let_out(self, text: str) -> None:
        entry_pass = self.front.state.board.room("outlet").cookies.seal.pass_(text)
        async with self.context.database.transaction() as connection:
            await release_many(connection, [entry_pass.visit_id])
            await call_next(connection, "outlet")
        await self.refresh()


def _guide(name: str, language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", (_GUIDES / f"{name}.md").read_text(), re.DOTALL)
    assert found is not None
    return found[1]


def _nginx(folder: Path, port: int, front: str, site: str) -> list[str]:
    server = (
        _guide("nginx", "nginx").replace("http://safar-front:8000", front).replace("http://your-site", site)
    )
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user} daemon off; worker_processes 1; pid {folder}/pid; error_log stderr;"
        f" events {{}} http {{ access_log off; {temporary}"
        f" server {{ listen 127.0.0.1:{port}; {server} }} }}"
    )
    return ["-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]


def _caddy(folder: Path, port: int, front: str, site: str) -> list[str]:
    server = _guide("caddy", "caddyfile").replace("safar-front:8000", front.removeprefix("http://"))
    server = server.replace("your-site:8080", site.removeprefix("http://"))
    server = server.replace("outlet.example.com", f"http://127.0.0.1:{port}")
    (folder / "Caddyfile").write_text("{\n\tadmin off\n\tauto_https off\n}\n" + server)
    return ["run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


_COMMANDS = {"nginx": _nginx, "caddy": _caddy}


@pytest.fixture(params=sorted(_COMMANDS))
def proxy(request: pytest.FixtureRequest) -> str:
    if shutil.which(request.param, path=_PATH) is None:
        pytest.skip(f"{request.param} is not installed: scripts/servers.sh installs it where it may")
    return str(request.param)


@pytest.fixture
async def outlet(proxy: str, context: Context, serve: Serve, tmp_path: Path) -> AsyncIterator[Outlet]:
    front_port, port = reserve_port(), reserve_port()
    front_url, url = f"http://127.0.0.1:{front_port}", f"http://127.0.0.1:{port}"
    context = replace(context, settings=context.settings.model_copy(update={"public_url": front_url}))
    new = NewSite(key="outlet", capacity=1, kind=SiteKind.EXTERNAL, title="Outlet", url=url)
    async with context.database.transaction() as connection:
        await open_site(connection, new, staff_id=new_id())
    site = await serve(Starlette(routes=[Route("/{path:path}", _page, methods=["GET", "POST"])]))
    front = build_shop(context)
    running = AsyncExitStack()
    await serve_at(front_port, front, running)
    program = shutil.which(proxy, path=_PATH) or proxy
    process = await asyncio.create_subprocess_exec(
        program,
        *_COMMANDS[proxy](tmp_path, port, front_url, site),
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "HOME": str(tmp_path)},
    )
    clients: list[httpx.AsyncClient] = []
    try:
        await answering(port, process.pid)
        there = Outlet(context, front, front_url, url, clients)
        await there.refresh()
        yield there
    finally:
        process.terminate()
        await process.wait()
        for client in clients:
            await client.aclose()
        await running.aclose()


async def _sent_to_wait(answer: httpx.Response, outlet: Outlet) -> str:
    assert answer.status_code in (302, 303)
    location = answer.headers["location"]
    assert location.startswith(f"{outlet.front_url}/wait?site=outlet&next=")
    return str(location)


async def _come_in(outlet: Outlet, path: str) -> tuple[httpx.AsyncClient, httpx.AsyncClient]:
    """Walk the whole way by hand: the site, the waiting page, the site with the pass, the site."""
    there, here = outlet.browser(), outlet.browser()
    waiting = await _sent_to_wait(await there.get(f"{outlet.url}{path}"), outlet)
    seen = await here.get(waiting)
    assert seen.status_code == 303  # the waiting page has given the browser its cookie
    handed = await here.get(f"{outlet.front_url}{seen.headers['location']}")
    assert handed.status_code == 303
    assert handed.headers["location"].startswith(outlet.url)
    clean = await there.get(handed.headers["location"])
    assert clean.status_code in (302, 303)
    assert clean.headers["location"] == f"{outlet.url}{path}"
    assert "pass_outlet" in there.cookies
    return there, here


async def test_a_visitor_comes_in_by_the_waiting_page_and_the_next_one_waits(outlet: Outlet) -> None:
    there, _here = await _come_in(outlet, "/shoes?size=43&q=a%20b")
    page = await there.get(f"{outlet.url}/shoes?size=43&q=a%20b")
    assert (page.status_code, page.text) == (200, "GET /shoes?size=43&q=a%20b ")
    form = await there.post(f"{outlet.url}/order", content="two pairs")
    assert (form.status_code, form.text) == (200, "POST /order? two pairs")
    second, second_here = outlet.browser(), outlet.browser()
    waiting = await _sent_to_wait(await second.get(f"{outlet.url}/shoes"), outlet)
    await second_here.get(waiting)
    shown = await second_here.get(f"{waiting}&seen=1")
    assert shown.status_code == 200
    assert 'id="wait"' in shown.text
    assert "Outlet" in shown.text
    poll = f"{outlet.front_url}/wait/poll?{urlsplit(waiting).query}"
    assert (await second_here.get(poll)).json()["place"] == 1
    await outlet.let_out(there.cookies["pass_outlet"])
    assert (await second_here.get(poll)).json() == {"state": "admitted", "next": None}
    handed = await second_here.get(waiting)
    assert handed.headers["location"].startswith(f"{outlet.url}/shoes?gate_pass=")


async def test_a_pass_that_is_forged_expired_or_anothers_does_not_open_the_site(outlet: Outlet) -> None:
    there, _here = await _come_in(outlet, "/")
    good = there.cookies["pass_outlet"]
    seal = outlet.front.state.board.room("outlet").cookies.seal
    past = replace(seal.pass_(good), expires_at=clock.now())
    foreign = outlet.front.state.board.room("shop").cookies.seal.pass_text(Pass(new_id(), past.expires_at))
    for text in ("", "x", good[:-3] + "abc", seal.pass_text(past), foreign):
        stranger = outlet.browser(cookie=f"pass_outlet={text}")
        await _sent_to_wait(await stranger.get(f"{outlet.url}/shoes"), outlet)
    other_kind = outlet.browser(**{"cookie": f"pass_outlet={good}", "user-agent": "another browser"})
    await _sent_to_wait(await other_kind.get(f"{outlet.url}/shoes"), outlet)
    assert (await there.get(f"{outlet.url}/shoes")).status_code == 200


async def test_a_pass_travels_in_the_address_once_and_only_to_the_site_it_is_for(outlet: Outlet) -> None:
    there, here = outlet.browser(), outlet.browser()
    waiting = await _sent_to_wait(await there.get(f"{outlet.url}/a"), outlet)
    await here.get(waiting)
    evil = await here.get(f"{outlet.front_url}/wait?site=outlet&next=https://evil.example/a")
    assert evil.headers["location"].startswith(f"{outlet.url}/?gate_pass=")
    again = await here.get(waiting)  # within ten seconds: the site did not keep the pass
    assert again.status_code == 200
    assert "cookies" in again.text
    handed = parse_qs(urlsplit(evil.headers["location"]).query)["gate_pass"][0]
    for spoilt in (handed[:-2] + "zz", "x"):
        answer = await there.get(f"{outlet.url}/a?gate_pass={spoilt}")
        assert answer.headers["location"] == f"{outlet.url}/a"
        assert "pass_outlet" not in there.cookies


async def test_half_way_through_the_pass_is_renewed_on_the_way(outlet: Outlet, proxy: str) -> None:
    there, _here = await _come_in(outlet, "/")
    seal = outlet.front.state.board.room("outlet").cookies.seal
    entry_pass = seal.pass_(there.cookies["pass_outlet"])
    old = seal.pass_text(replace(entry_pass, expires_at=clock.now().replace(microsecond=0)))
    nearly = replace(
        entry_pass, expires_at=entry_pass.expires_at - (entry_pass.expires_at - clock.now()) * 0.6
    )
    browser = outlet.browser(cookie=f"pass_outlet={seal.pass_text(nearly)}")
    answer = await browser.get(f"{outlet.url}/shoes")
    assert answer.status_code == (200 if proxy == "nginx" else 303)
    renewed = seal.pass_(answer.cookies["pass_outlet"])
    assert renewed.expires_at > nearly.expires_at
    assert renewed.visit_id == entry_pass.visit_id
    posted = await outlet.browser(cookie=f"pass_outlet={seal.pass_text(nearly)}").post(f"{outlet.url}/order")
    assert posted.status_code == 200
    await _sent_to_wait(await outlet.browser(cookie=f"pass_outlet={old}").get(f"{outlet.url}/"), outlet)


async def test_who_keeps_no_cookies_is_told_so_and_takes_no_place(outlet: Outlet) -> None:
    there = outlet.browser()
    waiting = await _sent_to_wait(await there.get(f"{outlet.url}/a"), outlet)
    for _ in range(3):
        robot = outlet.browser()
        seen = await robot.get(waiting)
        robot.cookies.clear()
        told = await robot.get(f"{outlet.front_url}{seen.headers['location']}")
        assert told.status_code == 200
        assert "cookies" in told.text
    await outlet.refresh()
    assert outlet.front.state.board.room("outlet").figures.inside == 0
