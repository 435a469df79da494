"""Where a request comes from: read from the right over every header line, and only an IP address."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers
from starlette.responses import JSONResponse

from safar.kernel.context import Context, make_context
from safar.kernel.web.access import PublicRoute
from safar.kernel.web.headers import SINGLE, contradicts_itself
from safar.kernel.web.proxies import caller_address
from safar.kernel.web.requests import client_address
from safar.kernel.web.surface import Surface, build_surface
from tests.stage.serving import Serve
from tests.stage.wire import answer_of

_PEER = "10.0.0.9"


def _seen(lines: list[str], trusted: int = 1, header: str = "x-forwarded-for") -> str:
    headers = Headers(raw=[(header.encode(), line.encode("latin-1")) for line in lines])
    return caller_address(headers, _PEER, trusted=trusted, header=header)


@pytest.mark.finding("security-14")
@pytest.mark.parametrize(
    ("trusted", "lines", "address"),
    [
        (0, ["1.1.1.1"], _PEER),  # nobody is believed
        (1, ["6.6.6.6", "2.2.2.2"], "2.2.2.2"),  # the proxy wrote a line of its own under the caller's
        (1, ["6.6.6.6, 7.7.7.7", "2.2.2.2"], "2.2.2.2"),
        (1, ["6.6.6.6, 2.2.2.2"], "2.2.2.2"),
        (2, ["6.6.6.6", "1.1.1.1", "2.2.2.2"], "1.1.1.1"),
        (2, ["6.6.6.6, 1.1.1.1", "2.2.2.2"], "1.1.1.1"),
        (2, ["2.2.2.2"], _PEER),  # somebody who came past the outer proxy
        (1, ["6.6.6.6, unknown"], _PEER),  # no address: not the caller's own instead
        (1, ["6.6.6.6, "], _PEER),
        (1, ["6.6.6.6", ""], _PEER),
        (1, ["let me in"], _PEER),
        (1, ["1.1.1.1.1"], _PEER),
        (1, ["1.1.1.1:4711"], "1.1.1.1"),
        (1, ["[2001:db8::1]:4711"], "2001:db8::1"),
        (1, ["2001:DB8:0::1"], "2001:db8::1"),
        (1, ["::ffff:192.0.2.1"], "192.0.2.1"),
        (1, ["fe80::1%eth0"], "fe80::1"),
        (1, [], _PEER),
    ],
)
def test_x_forwarded_for_is_read_from_the_right_over_all_its_lines(
    trusted: int, lines: list[str], address: str
) -> None:
    assert _seen(lines, trusted) == address


@pytest.mark.finding("security-14")
@pytest.mark.parametrize(
    ("trusted", "lines", "address"),
    [
        (1, ["for=6.6.6.6", "for=2.2.2.2"], "2.2.2.2"),
        (1, ['for=6.6.6.6, by=10.0.0.1;For="2.2.2.2:80";proto=https'], "2.2.2.2"),
        (1, ['for="[2001:db8::1]:4711"'], "2001:db8::1"),
        (1, ['for=", for=2.2.2.2'], "2.2.2.2"),  # an open quote swallows nothing that a proxy wrote
        (2, ['for="6.6.6.6, for=1.1.1.1', "for=2.2.2.2"], "1.1.1.1"),
        (1, ["for=1.1.1.1;for=2.2.2.2"], _PEER),
        (1, ["for=unknown"], _PEER),
        (1, ["for=_hidden"], _PEER),
        (1, ["proto=https"], _PEER),
    ],
)
def test_forwarded_is_read_the_same_way(trusted: int, lines: list[str], address: str) -> None:
    assert _seen(lines, trusted, "forwarded") == address


@pytest.mark.finding("security-14")
@given(st.lists(st.text(st.characters(max_codepoint=255), max_size=40), max_size=4), st.booleans())
def test_nothing_that_a_caller_writes_changes_where_they_come_from(
    forged: list[str], same_line: bool
) -> None:
    own = [*forged[:-1], f"{forged[-1]}, 203.0.113.7"] if forged and same_line else [*forged, "203.0.113.7"]
    assert _seen(own) == "203.0.113.7"


@pytest.mark.finding("security-14")
async def test_over_http_only_the_last_line_and_only_the_chosen_header_count(
    context: Context, serve: Serve
) -> None:
    trusting = make_context(
        context.settings.model_copy(update={"proxies_trusted": 1}), "postgresql://nowhere"
    )

    async def who(request: object) -> JSONResponse:
        return JSONResponse(client_address(request))  # type: ignore[arg-type]

    base = await serve(
        build_surface(trusting, Surface("front", lambda _r: {}), [PublicRoute("/who", who, why="a test")])
    )
    lines = ["X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 203.0.113.7", "Forwarded: for=8.8.8.8"]
    assert (await answer_of(base, "/who", lines)).body == b'"203.0.113.7"'
    assert (await answer_of(base, "/who", ["Forwarded: for=8.8.8.8"])).body == b'"127.0.0.1"'


@pytest.mark.finding("security-14")
async def test_a_request_that_says_two_things_is_refused(context: Context, serve: Serve) -> None:
    async def fine(_request: object) -> JSONResponse:
        return JSONResponse("fine")

    base = await serve(
        build_surface(context, Surface("front", lambda _r: {}), [PublicRoute("/", fine, why="a test")])
    )
    accept = "Accept: application/json"
    for name in sorted(SINGLE - {"content-length", "host"}):
        twice = await answer_of(base, "/", [accept, f"{name}: one", f"{name}: other"])
        assert (twice.status, b"bad_request" in twice.body) == (400, True), name
        assert (await answer_of(base, "/", [accept, f"{name}: one", f"{name}: one"])).status == 200, name


def test_hosts_and_lengths_that_disagree_are_a_contradiction() -> None:
    for name in (b"host", b"content-length"):
        assert contradicts_itself([(name, b"1"), (b"accept", b"a"), (name, b"2")])
    assert not contradicts_itself([(b"accept", b"a"), (b"accept", b"b"), (b"host", b"1")])


@pytest.mark.finding("security-14")
def test_every_header_that_is_read_as_one_value_must_come_as_one() -> None:
    source = Path(__file__).parents[3] / "src" / "safar"
    read = {
        name.lower(): path
        for path in source.rglob("*.py")
        if path.parent.name not in ("bench", "demo")
        if "starlette" in path.read_text(encoding="utf-8")  # the others read headers of mails
        for whose, name in re.findall(
            r"(\w*)headers\.get\(\s*\"([A-Za-z-]+)\"", path.read_text(encoding="utf-8")
        )
        if whose != "response_"  # what we answer ourselves
    }
    theirs = {name: path for name, path in read.items() if name not in SINGLE}
    assert theirs == {}, "read it by list_of or added_last, or add it to SINGLE (kernel/web/headers.py)"
