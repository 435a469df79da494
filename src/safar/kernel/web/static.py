"""Static files: read once, compressed once, named by their content, cached by browsers for a year."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.kernel.errors import NotFound
from safar.kernel.web.access import PublicRoute
from safar.kernel.web.headers import list_of

_PACKAGE = Path(__file__).parent.parent.parent
_FOLDERS = {
    "kernel": Path(__file__).parent / "static",
    "front": _PACKAGE / "front" / "static",
    "console": _PACKAGE / "console" / "static",
    "demo": _PACKAGE / "demo" / "static",
}
_COMPRESSIBLE = (".css", ".js", ".svg", ".json", ".txt")
mimetypes.add_type("font/woff2", ".woff2")


@dataclass(frozen=True, slots=True)
class _File:
    digest: str
    kind: str
    body: bytes
    zipped: bytes | None


@cache
def _file(path: str) -> _File:
    """Read `NAMESPACE/PATH`. Raises NotFound for anything outside the static folders."""
    namespace, _sep, rest = path.partition("/")
    folder = _FOLDERS.get(namespace)
    if folder is None:
        raise NotFound
    try:
        target = (folder / rest).resolve()
        if not target.is_relative_to(folder.resolve()) or not target.is_file():
            raise NotFound
    except (ValueError, OSError):  # no file can have such a name
        raise NotFound from None
    body = target.read_bytes()
    zipped = gzip.compress(body, 6, mtime=0) if target.suffix in _COMPRESSIBLE else None
    kind = mimetypes.guess_type(target.name)[0] or "application/octet-stream"
    return _File(hashlib.sha256(body).hexdigest()[:12], kind, body, zipped)


@cache
def static_url(path: str) -> str:
    """Return the address of a static file, e.g. `front/front.css`; it changes when the file does."""
    return f"/static/{_file(path).digest}/{path}"


async def _serve(request: Request) -> Response:
    file = _file(request.path_params["path"])
    headers = {"cache-control": "public, max-age=31536000, immutable", "vary": "accept-encoding"}
    if file.zipped is not None and "gzip" in list_of(request.headers, "accept-encoding"):
        return Response(file.zipped, media_type=file.kind, headers={**headers, "content-encoding": "gzip"})
    return Response(file.body, media_type=file.kind, headers=headers)


def static_routes() -> list[BaseRoute]:
    return [PublicRoute("/static/{digest}/{path:path}", _serve, why="files that are the same for everybody")]
