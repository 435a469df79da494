"""Copy the third-party browser files and fonts that Safar ships, at pinned versions, out of the npm registry.

    python scripts/vendor.py

Every tarball comes through `npm pack` and is refused unless its sha512 is the one written here. The files
land in the tree and are committed: nothing is fetched from a CDN, and there is no build step. To take a
newer version, change `version` and `sha512` (`npm view NAME@VERSION dist.integrity`), run this, and look
at the difference.
"""

import base64
import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "src/safar/kernel/web/static/vendor"
PAPER = ROOT / "src/safar/shipments/fonts"
TESTS = ROOT / "tests/vendor"
PACK_TIMEOUT_S = 300


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    sha512: str
    licence: str
    why: str
    files: dict[str, str]  # path inside the package: name in the tree
    into: Path = STATIC
    notice: str = ""  # the licence text, for a package that carries no LICENSE file
    licence_file: str = "LICENSE"

    @property
    def slug(self) -> str:
        return self.name.lstrip("@").replace("/", "-")


# The package names MIT in its package.json and these holders in its files, but carries no LICENSE file.
TABLER_NOTICE = """\
MIT License

Copyright 2018-2026 The Tabler Authors
Copyright 2018-2026 codecalm.net Paweł Kuna

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction,
including without limitation the rights to use, copy, modify, merge, publish, distribute,
sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial
portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT
NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES
OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""

PACKAGES = [
    Package(
        "htmx.org",
        "2.0.11",
        "Thx/WtpeOQqSrqBCw/A1cwGJGg4UrVa3+sW0GmrM3p4gJgO89ecH4qtbnyzDDWFvBTqjnIMCgELTNt636dtamA==",
        "0BSD",
        "pages of the console that change without a reload, written as HTML",
        {"dist/htmx.min.js": "htmx.min.js"},
    ),
    Package(
        "htmx-ext-sse",
        "2.2.4",
        "LJmxVhykyflBWgh5PvbRidcyuqMHlgfajmmzumvKctv9puvsufeH6OaejSMZTNTnEI8O2wXXn4ZZtBdpEMqmEQ==",
        "0BSD",
        "the live stream of the console, bound to parts of a page",
        {"dist/sse.min.js": "sse.min.js"},
    ),
    Package(
        "idiomorph",
        "0.8.0",
        "R47JBL+6jHDQvcnbppIUtXXcxi5h6+wuCEEZXnRhUltsgzPFKzThL5PuHppP9ypJuy+7WawcY1TsSBD/iQbMhw==",
        "0BSD",
        'live updates that keep focus, selection and scroll (`hx-swap="morph"`)',
        {"dist/idiomorph-ext.min.js": "idiomorph-ext.min.js"},
    ),
    Package(
        "@tabler/core",
        "1.6.1",
        "lgmR9gcxRp5JlLxcmRi9Rz85JrEvH6Bz71KnlcPVSa97wtwQNjgSs3g3fxwbAlulHyRMghhIV04QUuW3pqDsIg==",
        "MIT",
        "the components of the console, light and dark, left-to-right and right-to-left",
        {
            "dist/css/tabler.min.css": "tabler.min.css",
            "dist/css/tabler.rtl.min.css": "tabler.rtl.min.css",
            "dist/js/tabler.min.js": "tabler.min.js",
        },
        notice=TABLER_NOTICE,
    ),
    Package(
        "uplot",
        "1.6.32",
        "KIMVnG68zvu5XXUbC4LQEPnhwOxBuLyW1AHtpm6IKTXImkbLgkMy+jabjLgSLMasNuGGzQm/ep3tOkyTxpiQIw==",
        "MIT",
        "time series on a canvas: fast, 51 KB",
        {"dist/uPlot.iife.min.js": "uplot.min.js", "dist/uPlot.min.css": "uplot.min.css"},
    ),
    Package(
        "@fontsource-variable/vazirmatn",
        "5.3.0",
        "ZA68W8JHbMdNzzwjYHUWKB2PH22QpxNEnk0ukcXM+XiqYMV6ZWJZAKuNXcrMR2JjuIAwsfAU3KknCXPI6wXUvw==",
        "OFL-1.1",
        "Persian text, all weights in one file",
        {"files/vazirmatn-arabic-wght-normal.woff2": "vazirmatn-arabic.woff2"},
    ),
    Package(
        "@fontsource-variable/noto-sans-devanagari",
        "5.3.0",
        "52XBcJS3jRvZ5ugFXJvdKgffXPYnN08LeodXkgCbepOdMKVRVTQu1yj071cq8S3zmUwT6w6XKKXRSQlQkwwNNg==",
        "OFL-1.1",
        "Hindi text where the device has no Devanagari face of its own, all weights in one file",
        {"files/noto-sans-devanagari-devanagari-wght-normal.woff2": "noto-sans-devanagari.woff2"},
    ),
    Package(
        "@fontsource/young-serif",
        "5.3.0",
        "/ay2kPm7QzGKW/9tL7UVh+B5meX3J6gh2PLnHV2ohlIbQSMRGTuyzNNVWpzsHc3P3bcpMm1IPfuO7GRtFrXWvQ==",
        "OFL-1.1",
        "headings of the storefront in Latin script (27 KB)",
        {"files/young-serif-latin-400-normal.woff2": "young-serif-latin.woff2"},
    ),
    Package(
        "js-sha256",
        "1.0.0",
        "Bqxf6ENUzYIMzuELCmRNrJOVbjKH1oMgbfYJBKVr/W1Xf9fazpahqCbb24v1pR7XV1isuqhM+w9KWpK7zCyUQw==",
        "MIT",
        "SHA-256 for the proof of work of the waiting room, in a worker; a million hashes a second",
        {"build/sha256.min.js": "sha256.min.js"},
        licence_file="LICENSE.txt",
    ),
    Package(
        "@expo-google-fonts/noto-sans",
        "0.4.2",
        "zYD8G2ijWLxqmquoQgghNh/x9p0yxWwArD0oxO1oXY1qx5vOd4t0Kbhnu/Cx8RTy08OgA8RtxuULZFaXwVPnPw==",
        "OFL-1.1",
        "printed documents: Latin, Greek, Cyrillic and Devanagari",
        {
            "400Regular/NotoSans_400Regular.ttf": "noto-sans-400.ttf",
            "700Bold/NotoSans_700Bold.ttf": "noto-sans-700.ttf",
        },
        into=PAPER,
        licence_file="LICENSE_FONT",
    ),
    Package(
        "@expo-google-fonts/vazirmatn",
        "0.4.1",
        "sznMvxt99C4bsEcWCebs3XWb/av8z9a/Y4OQo8F7VPFT0xzzn7Whkkw6dqxcAyLYEiNNpTpa3/vp8t1/koK6Jw==",
        "OFL-1.1",
        "printed documents: Persian and Arabic",
        {
            "400Regular/Vazirmatn_400Regular.ttf": "vazirmatn-400.ttf",
            "700Bold/Vazirmatn_700Bold.ttf": "vazirmatn-700.ttf",
        },
        into=PAPER,
        licence_file="LICENSE_FONT",
    ),
    Package(
        "@tabler/icons",
        "3.51.0",
        "0pinvPZz7YeX+OSfxuEAbnEPWbocVXW5iU8h5lh41pYG8sZuQfpWECC980lxOT0clGIcNGn8xsBr+zKaRGdA/g==",
        "MIT",
        "the icons of both surfaces, as one sprite (`icons.svg`)",
        {},
    ),
    Package(
        "axe-core",
        "4.14.1",
        "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
        "MPL-2.0",
        "accessibility checks in the browser tests; not shipped with the package",
        {"axe.min.js": "axe.min.js"},
        into=TESTS,
    ),
]

ICONS = """
    activity adjustments alert-circle alert-triangle arrow-down arrow-left arrow-right arrow-up bell
    bolt box building-store building-warehouse calendar cash chart-bar chart-dots check checks
    chevron-down chevron-left chevron-right circle-check clock code credit-card dots download edit
    external-link eye file filter flag gift headset heart help-circle home hourglass inbox
    info-circle link list-check lock login logout mail map-pin menu-2 message message-circle
    messages minus package phone player-pause player-play player-stop plug plus receipt refresh
    robot route search send settings shopping-bag shopping-cart speakerphone star sun sun-moon moon
    tag target ticket trash truck upload user user-plus users wifi wifi-off world x
"""

FONTS_CSS = """\
/* Written by scripts/vendor.py. Beside the font files, so that the addresses stay relative. Put these
   families first in a stack: each takes only the characters of its own script, and is fetched only when a
   page shows one of them. Devanagari is fetched only where the device has no good face of its own. */
@font-face {
  font-family: "Vazirmatn";
  font-weight: 100 900;
  font-display: swap;
  src: url("vazirmatn-arabic.woff2") format("woff2");
  unicode-range: U+0600-06FF, U+0750-077F, U+0870-08FF, U+200C-200E, U+FB50-FDFF, U+FE70-FEFC;
}
@font-face {
  font-family: "Noto Sans Devanagari Web";
  font-weight: 100 500;
  font-display: swap;
  src: local("Nirmala UI"), local("Kohinoor Devanagari"), local("Noto Sans Devanagari"),
    url("noto-sans-devanagari.woff2") format("woff2");
  unicode-range: U+0900-097F, U+1CD0-1CF9, U+200C-200D, U+25CC, U+A830-A839, U+A8E0-A8FF;
}
@font-face {
  font-family: "Noto Sans Devanagari Web";
  font-weight: 600 900;
  font-display: swap;
  src: local("Nirmala UI Bold"), local("Kohinoor Devanagari Bold"), local("Noto Sans Devanagari Bold"),
    url("noto-sans-devanagari.woff2") format("woff2");
  unicode-range: U+0900-097F, U+1CD0-1CF9, U+200C-200D, U+25CC, U+A830-A839, U+A8E0-A8FF;
}
@font-face {
  font-family: "Young Serif";
  font-weight: 400;
  font-display: swap;
  src: url("young-serif-latin.woff2") format("woff2");
  unicode-range: U+0000-00FF, U+0131, U+0152-0153, U+2000-200B, U+2010-206F, U+20AC, U+2122, U+2212;
}
"""


def pack(package: Package, folder: Path) -> Path:
    """The package's tarball, its sha512 checked against the pinned one."""
    spec = f"{package.name}@{package.version}"
    done = subprocess.run(
        ["npm", "pack", spec, "--silent", "--ignore-scripts", "--pack-destination", str(folder)],
        check=True,
        capture_output=True,
        text=True,
        timeout=PACK_TIMEOUT_S,
    )
    tarball = folder / done.stdout.split()[-1]
    found = base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
    if found != package.sha512:
        raise SystemExit(
            f"{spec}: the tarball is not the pinned one (sha512-{found}); nothing of it was copied"
        )
    return tarball


def read(archive: tarfile.TarFile, path: str) -> bytes:
    member = archive.extractfile(f"package/{path}")
    if member is None:
        raise SystemExit(f"{path} is not a file in {archive.name!r}")
    return member.read()


def copy(package: Package, archive: tarfile.TarFile) -> None:
    (package.into / "licences").mkdir(parents=True, exist_ok=True)
    for path, name in package.files.items():
        (package.into / name).write_bytes(read(archive, path))
    licence = package.notice.encode() if package.notice else read(archive, package.licence_file)
    (package.into / "licences" / f"{package.slug}.txt").write_bytes(licence)


def sprite(archive: tarfile.TarFile) -> str:
    """One `<symbol id="tabler-NAME">` for each icon; size and stroke come from the page's `icon` class."""
    symbols = []
    for name in sorted(ICONS.split()):
        svg = read(archive, f"icons/outline/{name}.svg").decode()
        shapes = re.sub(r'\s*<path stroke="none" d="M0 0h24v24H0z" fill="none" />', "", svg)
        body = re.sub(r"\s*\n\s*", "", shapes[shapes.index(">") + 1 : shapes.rindex("</svg>")])
        symbols.append(f'<symbol id="tabler-{name}" viewBox="0 0 24 24">{body}</symbol>')
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


def listing(packages: list[Package], extra: str) -> str:
    rows = [
        f"| {p.name} | {p.version} | {p.licence} | {', '.join(p.files.values()) or 'icons.svg'} | {p.why} |"
        for p in packages
    ]
    head = [
        "# Third-party files",
        "",
        "Copied by `scripts/vendor.py`, which pins versions and checks sums; do not edit them here.",
        "The licence of each is in `licences/`." + extra,
        "",
        "| name | version | licence | files | why |",
        "|---|---|---|---|---|",
    ]
    return "\n".join(head + rows) + "\n"


def main() -> int:
    STATIC.mkdir(parents=True, exist_ok=True)
    for folder in (PAPER, TESTS):
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for package in PACKAGES:
            with tarfile.open(pack(package, Path(folder))) as archive:
                copy(package, archive)
                if package.name == "@tabler/icons":
                    (STATIC / "icons.svg").write_text(sprite(archive))
            print(f"{package.name} {package.version}")
    # The fonts are cached under the address of fonts.css, so its content must change when a font does.
    fonts = ", ".join(
        f"{p.name} {p.version}" for p in PACKAGES if p.licence == "OFL-1.1" and p.into == STATIC
    )
    (STATIC / "fonts.css").write_text(f"/* {fonts} */\n{FONTS_CSS}")
    shipped = [p for p in PACKAGES if p.into == STATIC]
    (STATIC / "VENDOR.md").write_text(listing(shipped, " `fonts.css` is ours."))
    for folder in (PAPER, TESTS):
        (folder / "VENDOR.md").write_text(listing([p for p in PACKAGES if p.into == folder], ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
