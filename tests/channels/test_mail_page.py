"""A mail's own page looks as it was meant, without anything that runs or tells its sender."""

import orjson
import pytest

from safar.channels.mail_page import picture_data, safe_page
from tests.channels.corpus.parts import PNG


def shown(html: str, **pictures: str) -> str:
    return safe_page(orjson.dumps({"html": html, "pictures": pictures})).partition("<body")[2]


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)><script>alert(1)</script></svg>",
        "<a href='javascript:alert(1)'>x</a>",
        "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
        "<iframe src='https://evil.example'></iframe>",
        "<form action='https://evil.example'><input name=password></form>",
        "<meta http-equiv=refresh content='0;url=https://evil.example'>",
        "<base href='https://evil.example'>",
        "<link rel=stylesheet href='https://evil.example'>",
        "<object data='https://evil.example'></object>",
        "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>",
        "<img src='data:image/svg+xml,<svg onload=alert(1)>'>",
    ],
)
def test_nothing_of_a_page_runs(hostile: str) -> None:
    page = shown(f"<p>Hello</p>{hostile}<p>bye</p>").lower()
    assert "hello" in page
    for word in ("<script", "onerror", "onload", "javascript:", "data:text", "<iframe", "<form", "<input"):
        assert word not in page
    for word in ("http-equiv", "<base", "<link", "<object"):
        assert word not in page


def test_a_page_looks_as_it_was_meant() -> None:
    markup = (
        "<style>td{color:red}</style><table width='600' bgcolor='#eee'><tr><td style='padding:9px'>"
        "<img src='cid:a1' alt='crack' width=40></td></tr></table><a href='https://photos.example/mug'>see</a>"
    )
    page = shown(markup, a1="data:image/png;base64,AAAA")
    for kept in ("td{color:red}", 'bgcolor="#eee"', "padding:9px", 'target="_blank"'):
        assert kept in page
    assert 'src="data:image/png;base64,AAAA"' in page
    assert 'rel="noopener noreferrer nofollow"' in page


def test_pictures_are_what_they_are_not_what_they_say() -> None:
    shown = picture_data({"a": PNG, "b": b"<svg onload=alert(1)>", "c": b"\xff\xd8\xff\xe0"})
    assert set(shown) == {"a", "c"}
    assert shown["a"].startswith("data:image/png;base64,")
