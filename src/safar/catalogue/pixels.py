"""Making the pictures that pages show out of a file that somebody has uploaded. Runs in a process apart."""

import base64
import hashlib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from PIL import Image, ImageCms, ImageOps

WIDTHS = (320, 640, 1280)
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
PIXELS_MAX = 50_000_000
_SIDE_LEAST = 16
_QUALITY = 82
_LOGO, _ICON = (480, 80), (180, 180)


@dataclass(frozen=True, slots=True)
class Made:
    """A picture in our widths as WebP files; `digest` names it by its content."""

    digest: str
    width: int
    height: int
    files: Mapping[int, bytes]


def make(body: bytes) -> dict[str, Any]:
    """Return the picture as JSON-able values for `made_of`, or {"problem": …} of what is wrong with it.

    Turned upright, in sRGB, the first frame only, and without anything else that was in the file.
    """
    whole = _read(body)
    if isinstance(whole, str):
        return {"problem": whole}
    files = {width: _file(whole, width) for width in WIDTHS}
    largest = files[WIDTHS[-1]]
    return {
        "digest": hashlib.sha256(largest).hexdigest()[:32],
        "width": min(whole.width, WIDTHS[-1]),
        "height": max(round(whole.height * min(whole.width, WIDTHS[-1]) / whole.width), 1),
        "files": {str(width): base64.b64encode(file).decode() for width, file in files.items()},
    }


def made_of(values: Mapping[str, Any]) -> Made:
    """Return what `make` has made."""
    files = {int(width): base64.b64decode(text) for width, text in values["files"].items()}
    return Made(values["digest"], values["width"], values["height"], files)


def _read(body: bytes) -> Image.Image | str:
    """Return the pixels of a file, or what is wrong with it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(body), formats=FORMATS) as opened:
                width, height = opened.size
                if width * height > PIXELS_MAX:
                    return "too_many_pixels"
                if min(width, height) < _SIDE_LEAST:
                    return "too_small"
                opened.draft("RGB", (WIDTHS[-1] * 2, WIDTHS[-1] * 2))
                return _plain(opened)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return "too_many_pixels"
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, ArithmeticError, LookupError):
        return "not_a_picture"


def _plain(opened: Image.Image) -> Image.Image:
    """Return the pixels alone: upright, in RGB or RGBA, their colours meant as sRGB."""
    profile = opened.info.get("icc_profile")
    upright = ImageOps.exif_transpose(opened)
    clear = "A" in upright.getbands() or "transparency" in upright.info
    plain = upright.convert("RGBA" if clear else "RGB")
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            target = ImageCms.createProfile("sRGB")
            meant = ImageCms.profileToProfile(plain, source, target, outputMode=plain.mode)
            plain = meant or plain
        except (ImageCms.PyCMSError, OSError):  # a profile of another kind of colours, or a broken one
            pass
    bare = Image.new(plain.mode, plain.size)
    bare.paste(plain)
    return bare


def _file(whole: Image.Image, width: int) -> bytes:
    """Return the picture as a WebP file, `width` wide or as wide as it is."""
    shown = whole
    if whole.width > width:
        height = max(round(whole.height * width / whole.width), 1)
        shown = whole.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    target = BytesIO()
    shown.save(target, "WEBP", quality=_QUALITY, method=4)
    return target.getvalue()


def marks(body: bytes) -> dict[str, Any]:
    """Return a picture as the shop's marks, PNG as JSON-able values: `logo` (at most 480 × 80) and `icon`.

    Or {"problem": …}, as `make` does. Transparent margins are cut off; an icon is padded to a square.
    """
    whole = _read(body)
    if isinstance(whole, str):
        return {"problem": whole}
    whole = whole.convert("RGBA")
    whole = whole.crop(whole.getchannel("A").getbbox() or (0, 0, *whole.size))
    logo = ImageOps.contain(whole, _LOGO, Image.Resampling.LANCZOS)
    icon = ImageOps.pad(whole, _ICON, Image.Resampling.LANCZOS, color=(0, 0, 0, 0))
    return {"logo": _mark(logo), "icon": _mark(icon)}


def _mark(picture: Image.Image) -> dict[str, Any]:
    target = BytesIO()
    picture.save(target, "PNG", optimize=True)
    file = target.getvalue()
    name = f"{hashlib.sha256(file).hexdigest()[:32]}-{picture.width}x{picture.height}"
    return {"name": name, "file": base64.b64encode(file).decode()}
