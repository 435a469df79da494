"""What every answer tells the browser: whose cookies, over which line, for which other sites."""

import re
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Scope

import safar
from safar.cart import cookie as cart
from safar.customers import visitor
from safar.demo.mailbox import Mailbox, mailbox_app
from safar.gate.tickets.cookies import Cookies
from safar.gate.tickets.left import Left
from safar.kernel.context import Context, make_context
from safar.kernel.web.access import PublicRoute
from safar.kernel.web.cookies import cookie_of, cookie_set
from safar.kernel.web.surface import Surface, build_surface
from safar.settings import Settings
from safar.shop.checkout import address_cookie as delivery
from safar.storefront import currency, wishlist_pages
from safar.team import layer, pages

_KEY = "a long secret of these tests, 1234567890"
HEADERS = pytest.mark.finding("security-low-headers")


def settings_of(**changes: object) -> Settings:
    return Settings.model_validate({"secret_key": _KEY, **changes})


def client_of(settings: Settings, base: str = "http://shop.test") -> httpx.AsyncClient:
    async def text(_request: Request) -> Response:
        return PlainTextResponse("ok")

    paths = ("/", "/checkout", "/images/x", "/drawn/x", "/forward-auth/x")
    context: Context = make_context(settings, "")
    app = build_surface(
        context,
        Surface("front", lambda _request: {}),
        [PublicRoute(path, text, why="a test") for path in paths],
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base)


def scope_with(**cookies: str) -> Scope:
    line = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return {"type": "http", "headers": [(b"cookie", line.encode())]}


@HEADERS
@pytest.mark.parametrize(
    ("changes", "scheme", "sent", "told"),
    [
        ({"cookies_secure": True}, "https", {}, True),
        ({"cookies_secure": True}, "http", {}, False),
        ({"cookies_secure": True}, "http", {"x-forwarded-proto": "https"}, False),
        ({"cookies_secure": True, "proxies_trusted": 1}, "http", {"x-forwarded-proto": "https"}, True),
        ({"cookies_secure": True, "proxies_trusted": 1}, "http", {"x-forwarded-proto": "http"}, False),
        ({"cookies_secure": True, "proxies_trusted": 1}, "http", {"forwarded": "for=::;proto=https"}, True),
        ({"cookies_secure": True, "proxies_trusted": 2}, "http", {"x-forwarded-proto": "https, http"}, True),
        ({"proxies_trusted": 1}, "http", {"x-forwarded-proto": "https"}, False),
    ],
)  # fmt: skip
async def test_a_browser_that_came_by_https_is_told_to_stay(
    changes: dict[str, object], scheme: str, sent: dict[str, str], told: bool
) -> None:
    async with client_of(settings_of(**changes), f"{scheme}://shop.test") as client:
        answer = await client.get("/", headers=sent)
        assert answer.headers.get("strict-transport-security") == ("max-age=31536000" if told else None)


@HEADERS
async def test_other_sites_may_show_pictures_and_no_pages() -> None:
    async with client_of(settings_of(cookies_secure=True), "https://shop.test") as client:
        for path in ("/", "/checkout", "/no-such-page"):
            headers = (await client.get(path)).headers
            assert headers["cross-origin-resource-policy"] == "same-origin"
            assert headers["cross-origin-opener-policy"] == "same-origin"
        for path in ("/images/x", "/drawn/x", "/static/x/front/front.css"):
            headers = (await client.get(path)).headers
            assert headers["cross-origin-resource-policy"] == "cross-origin", path


@HEADERS
async def test_what_a_proxy_hands_on_for_another_site_decides_nothing_for_its_host() -> None:
    async with client_of(settings_of(cookies_secure=True), "https://shop.test") as client:
        headers = (await client.get("/forward-auth/x")).headers
    for name in ("strict-transport-security", "cross-origin-resource-policy", "cross-origin-opener-policy"):
        assert name not in headers


@HEADERS
async def test_the_language_is_kept_like_everything_else() -> None:
    async with client_of(settings_of(cookies_secure=True), "https://shop.test") as client:
        cookie = (await client.get("/?lang=fa")).headers["set-cookie"]
        assert cookie == "__Host-lang=fa; Max-Age=31536000; Path=/; HttpOnly; SameSite=Lax; Secure"
        assert 'lang="fa"' in (await client.get("/no", headers={"accept-language": "hi"})).text
        client.cookies.clear()
        other = await client.get("/no", headers={"accept-language": "hi", "cookie": "lang=fa"})
        assert 'lang="hi"' in other.text, "a neighbour's cookie under a plain name is not read"


@HEADERS
def test_only_the_name_in_force_is_read() -> None:
    plain, safe = settings_of(), settings_of(cookies_secure=True)
    all_names = scope_with(**{"staff": "plain", "__Secure-staff": "secure", "__Host-staff": "host"})
    assert cookie_of(all_names, safe, "staff") == "host"
    assert cookie_of(scope_with(**{"staff": "plain", "__Secure-staff": "secure"}), safe, "staff") is None
    assert cookie_of(all_names, plain, "staff") == "plain"
    assert cookie_of(scope_with(**{"__Secure-delivery": "x"}), safe, "delivery", path="/checkout") == "x"
    assert cookie_set(safe, "delivery", "", life_s=0, path="/checkout") == (
        "__Secure-delivery=; Max-Age=0; Path=/checkout; HttpOnly; SameSite=Lax; Secure"
    )
    assert cookie_set(plain, "cart", "x", life_s=5) == "cart=x; Max-Age=5; Path=/; HttpOnly; SameSite=Lax"


@HEADERS
def test_passes_and_tickets_have_the_names_that_their_hosts_allow() -> None:
    context = make_context(settings_of(cookies_secure=True), "")
    shop = Cookies(context, "shop", Left(3600))
    assert (shop.pass_name, shop.ticket_name) == ("__Host-pass", "__Host-ticket")
    shared = Cookies(context, "outlet", Left(3600), domain="example.com", secure=True)
    assert (shared.pass_name, shared.ticket_name) == ("__Secure-pass_outlet", "__Host-ticket_outlet")
    assert shared.without(shared.pass_name).endswith("; Secure; Domain=example.com")
    assert "Domain" not in shared.without(shared.ticket_name)


@HEADERS
def test_console_and_front_share_no_cookie_that_says_who_somebody_is() -> None:
    console = {layer.COOKIE, pages.DEVICE_COOKIE}
    front = {visitor.COOKIE, cart.COOKIE, delivery.COOKIE, currency.COOKIE, wishlist_pages.COOKIE}
    front |= {"pass", "ticket", "invited", "handed", "first"}
    assert not console & front


@HEADERS
def test_cookies_are_written_in_one_place() -> None:
    root = Path(safar.__file__).parent
    writers = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        if re.search(r"HttpOnly|httponly|\.(?:set|delete)_cookie\(", path.read_text())
    }
    assert writers == {"kernel/web/cookies.py"}


@pytest.mark.finding("security-low-mailbox")
@pytest.mark.parametrize(
    ("address", "host", "status"),
    [
        ("127.0.0.1", "localhost:8002", 200), ("127.0.0.1", "127.0.0.1", 200),
        ("127.0.0.1", "[::1]:8002", 200), ("mail.demo.lan", "Mail.Demo.lan:8002", 200),
        ("0.0.0.0", "192.168.1.7:8002", 200), ("127.0.0.1", "evil.example:8002", 421),
        ("127.0.0.1", "localhost.evil.example", 421), ("127.0.0.1", "127.0.0.1.nip.io", 421),
        ("0.0.0.0", "evil.example", 421), ("127.0.0.1", "", 421), ("127.0.0.1", "[", 421),
        ("127.0.0.1", "192.168.1.7", 421),
    ],
)  # fmt: skip
async def test_a_name_that_a_stranger_points_at_the_mailbox_reads_nothing(
    tmp_path: Path, address: str, host: str, status: int
) -> None:
    app = mailbox_app(settings_of(mailbox_host=address), Mailbox(tmp_path))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://mailbox") as client:
        answer = await client.get("/api/messages", headers={"host": host})
    assert answer.status_code == status
