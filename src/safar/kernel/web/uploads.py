"""Reading files that staff hand in with a form."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.datastructures import UploadFile
from starlette.requests import Request

from safar.kernel.i18n import _
from safar.kernel.text import shortened
from safar.kernel.web.forms import Fields, read_json

_FIELDS_MAX = 50
_NAME_MAX = 100


@dataclass(frozen=True, slots=True)
class Handed:
    """A file as it was handed in; its name is only something to show."""

    name: str
    body: bytes


async def read_upload(
    request: Request, name: str, *, files_max: int, bytes_max: int
) -> tuple[Fields, Sequence[Handed]]:
    """Return the form's fields and the files under `name`; problems with the files are that field's."""
    if "application/json" in request.headers.get("content-type", ""):
        await read_json(request)
        fields = Fields({})
        fields.problems[name] = _("Choose a file.")
        return fields, []
    files: list[Handed] = []
    async with request.form(max_fields=_FIELDS_MAX, max_files=files_max) as form:
        fields = Fields({key: value for key, value in form.items() if isinstance(value, str)})
        for part in form.getlist(name):
            if isinstance(part, UploadFile) and part.size:
                files.append(Handed(shown_name(part.filename or ""), await part.read(bytes_max + 1)))
    if not files:
        fields.problems[name] = _("Choose a file.")
    elif any(len(file.body) > bytes_max for file in files):
        fields.problems[name] = _("A file has at most %(size)s MB.", size=bytes_max // 2**20)
    return fields, files


def shown_name(name: str) -> str:
    """Return a file's name without folders and without characters that do not show."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return shortened("".join(letter for letter in last if letter.isprintable()), _NAME_MAX)
